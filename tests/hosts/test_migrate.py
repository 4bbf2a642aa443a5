"""What `migrate` and its relatives record, and whom they contact: nobody."""

from __future__ import annotations

import time

import pytest
from django.core.management import call_command
from django.db import connection

from metric_collection.models import Change, Consent, Report, Snapshot
from tests.harness.brokers import broker_at
from tests.harness.host import DJANGO_SETUP, LOADS_CELERY, Host
from tests.harness.ports import refusing, swallowing

TABLES = """
    SELECT name FROM sqlite_master
    WHERE type = 'table' AND name LIKE 'usage_metrics%' AND name NOT LIKE 'usage_metrics_collector%'
"""

MIGRATE_AUTH_FIRST = (
    DJANGO_SETUP
    + """
from django.core.management import call_command
call_command("migrate", "auth")
call_command("migrate")
"""
)


def migrate(*arguments):
    call_command("migrate", *arguments, verbosity=0)


def recorded():
    return [report.category for report in Report.objects.order_by("id")]


@pytest.fixture
def database(transactional_db):
    """Our tables as they are before the first record; there again when the test is over."""
    yield
    migrate()


@pytest.fixture
def rewrite_version(settings):
    def rewrite(version):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = version

    return rewrite


def test_the_first_migrate_records_one_install_and_the_next_none(database):
    migrate()
    migrate()
    assert recorded() == ["Install"]
    assert Snapshot.objects.count() == 1
    assert [change.category for change in Change.objects.all()] == ["Install"]


def test_an_upgrade_without_a_migration_to_apply_is_noticed(database, rewrite_version):
    migrate()
    rewrite_version("1.1")
    migrate()
    migrate()
    assert recorded() == ["Install", "Upgrade"]
    assert Change.objects.last().changes == {"Acme Version": ["1.0", "1.1"]}


def test_migrating_another_app_notices_as_well(database, rewrite_version):
    migrate()
    rewrite_version("1.1")
    migrate("sessions")
    assert recorded() == ["Install", "Upgrade"]


@pytest.mark.parametrize("arguments", [["usage_metrics", "0001"], ["sessions", "zero"]])
def test_a_rollback_records_nothing(arguments, database, rewrite_version):
    migrate()
    rewrite_version("1.1")
    migrate(*arguments)
    assert recorded() == ["Install"]


def test_the_tables_can_go_and_come_back(database):
    migrate()
    migrate("usage_metrics", "zero")
    with connection.cursor() as cursor:
        assert cursor.execute(TABLES).fetchall() == []
    migrate()
    assert recorded() == ["Install"]


def test_the_plan_of_a_migrate_records_nothing(database, capsys):
    call_command("migrate", "--plan")
    assert recorded() == []


def test_flush_empties_the_tables_and_records_nothing(database):
    migrate()
    call_command("flush", interactive=False, verbosity=0)
    assert not Snapshot.objects.exists()
    assert recorded() == []


def test_migrate_decides_nothing_for_the_operator(database):
    migrate()
    assert [consent.choice for consent in Consent.objects.all()] == ["unknown"]


def test_other_apps_migrate_before_our_tables_are_there(tmp_path):
    host = Host(tmp_path)
    ended = host.run("-c", MIGRATE_AUTH_FIRST)
    assert ended.returncode == 0, ended.stderr
    auth, ours = ended.stdout.split("Running migrations:")[1:]
    assert "Applying usage_metrics" not in auth
    assert "Applying usage_metrics" in ours
    assert "No install or upgrade" not in ended.stderr
    assert host.sql("SELECT category FROM usage_metrics_report") == [("Install",)]


@pytest.mark.thorough
def test_migrate_takes_no_longer_when_the_broker_is_broken_and_contacts_nobody(tmp_path):
    host = Host(tmp_path, LOADS_CELERY)
    working = timed_first_migrate(host)
    with swallowing() as collector, swallowing() as broker, refusing() as closed:
        host.configure(METRIC_COLLECTION_COLLECTOR_URL=f"http://127.0.0.1:{collector.port}/")
        for port in (broker.port, closed):
            host.configure(
                CELERY_RESULT_BACKEND=f"redis://127.0.0.1:{port}/0",
                **broker_at(f"amqp://127.0.0.1:{port}//"),
            )
            # Other tests run at the same time; a broker that is waited for costs every attempt its time.
            assert any(timed_first_migrate(host) < working + 2 for _attempt in range(3))
        assert (broker.callers(), collector.callers()) == (0, 0)


def timed_first_migrate(host):
    """Migrate a new database; return the seconds it took."""
    (host.folder / "product.sqlite3").unlink(missing_ok=True)
    begun = time.monotonic()
    ended = host.manage("migrate")
    assert ended.returncode == 0, ended.stderr
    assert host.sql("SELECT category FROM usage_metrics_report") == [("Install",)]
    return time.monotonic() - begun
