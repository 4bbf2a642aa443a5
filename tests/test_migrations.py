from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from metric_collection.models import Consent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def replaced_app():
    """A table as the app leaves it that ours replaces, and our own app not yet migrated."""

    def make(*rows: bool, column: str = "user_consented"):
        call_command("migrate", "usage_metrics", "zero", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE metric_collection_consent ({column} bool NOT NULL)")
            for row in rows:
                cursor.execute("INSERT INTO metric_collection_consent VALUES (%s)", [row])
        call_command("migrate", "usage_metrics", verbosity=0)

    yield make
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE metric_collection_consent")


def test_an_opt_out_is_adopted(replaced_app):
    replaced_app(False)
    assert Consent.objects.get().choice == Consent.Choice.DENIED


@pytest.mark.parametrize("rows", [(), (True,)])
def test_anything_else_is_not(replaced_app, rows):
    replaced_app(*rows)
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


def test_a_table_of_the_same_name_that_is_another_is_left_alone(replaced_app):
    replaced_app(False, column="agreed")
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
