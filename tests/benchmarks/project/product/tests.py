from django.contrib.auth.models import Group
from django.test import TestCase


class GroupTest(TestCase):
    """The one test that this product has of its own."""

    def test_a_group_is_counted(self) -> None:
        Group.objects.create(name="testers")
        assert Group.objects.count() == 1
