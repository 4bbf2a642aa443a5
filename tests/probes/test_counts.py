import logging

import pytest
from django.contrib.auth.models import Group

from metric_collection.probes.registry import declared, gather


def bytes_stored():
    """Space that recordings take."""
    return 7_500_000_000


def broken():
    raise LookupError("hunter2")


@pytest.fixture
def filled(db):
    Group.objects.bulk_create([Group(name=str(number)) for number in range(12)])


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("auth.Group", "10-19"),
        (Group, "10-19"),
        ({"of": "auth.Group"}, "10-19"),
        ({"of": "auth.Group", "exact": True}, "12"),
        ({"of": "auth.Group", "exact": "yes"}, "10-19"),
        ({"of": bytes_stored, "unit": "bytes"}, "5-9 GB"),
        ({"of": bytes_stored, "unit": "bytes", "exact": True}, "7500000000"),
        ("auth.User", "0"),
        (lambda: None, None),
    ],
)
def test_a_count_is_sent_as_a_bucket_unless_the_publisher_wants_the_number(
    filled, settings, entry, text
):
    settings.METRIC_COLLECTION_COUNTS = {"things": entry}
    assert gather().facts.get("things") == text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "entry", [broken, "auth.Nothing", {"exact": True}, lambda: -1, lambda: "hunter2"]
)
def test_a_failing_count_costs_only_itself(settings, caplog, entry):
    caplog.set_level(logging.DEBUG)
    settings.METRIC_COLLECTION_COUNTS = {"things": entry, "users": "auth.User"}
    facts = gather().facts
    assert ("things" in facts, facts["users"]) == (False, "0")
    assert "METRIC_COLLECTION_COUNTS['things']" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_count_is_declared_with_its_objects_and_its_precision(settings):
    settings.METRIC_COLLECTION_COUNTS = {
        "users": "auth.User",
        "exact": {"of": "auth.Group", "exact": True, "purpose": "To plan."},
        "size": {"of": bytes_stored, "unit": "bytes"},
    }
    series = "In steps of 1, 2, 5, 10, 20, 50 and so on."
    size = "To know how large installations are."
    assert {
        fact.name: (fact.description, fact.example, fact.purpose, fact.coarsened)
        for _probe, fact in declared()
        if fact.name in settings.METRIC_COLLECTION_COUNTS
    } == {
        "users": ("The number of users.", "1000-1999", size, series),
        "exact": ("The number of groups.", "1234", "To plan.", ""),
        "size": ("Space that recordings take.", "1 kB", size, series),
    }


def test_declaring_counts_nothing(settings):
    """No database is open to this test."""
    settings.METRIC_COLLECTION_COUNTS = {"users": "auth.User"}
    assert "users" in [fact.name for _, fact in declared()]
