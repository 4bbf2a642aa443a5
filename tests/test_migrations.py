from __future__ import annotations

import json
import uuid

import pytest
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.models import Change, Consent, Report, Snapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.smoke]
INITIAL = ("usage_metrics", "0001_initial")


@pytest.fixture
def replaced_app():
    """A table as the app leaves it that ours replaces, and our own app not yet migrated."""

    def make(*rows: bool, column: str = "user_consented", to: str | None = None):
        call_command("migrate", "usage_metrics", "zero", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE metric_collection_consent ({column} bool NOT NULL)")
            for row in rows:
                cursor.execute("INSERT INTO metric_collection_consent VALUES (%s)", [row])
        call_command("migrate", *filter(None, ["usage_metrics", to]), verbosity=0)

    yield make
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE metric_collection_consent")


def test_an_opt_out_is_adopted(replaced_app):
    replaced_app(False)
    assert Consent.objects.get().choice == Consent.Choice.DENIED


def test_an_opt_out_is_adopted_before_an_install_could_be_recorded(replaced_app):
    replaced_app(False, to="0001")
    assert not Report.objects.exists()
    call_command("migrate", "usage_metrics", verbosity=0)
    assert Consent.objects.get().choice == Consent.Choice.DENIED
    assert not Report.objects.exists()


@pytest.mark.parametrize("rows", [(), (True,)])
def test_anything_else_is_not(replaced_app, rows):
    replaced_app(*rows)
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


def test_a_table_of_the_same_name_that_is_another_is_left_alone(replaced_app):
    replaced_app(False, column="agreed")
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


def test_what_was_decided_since_outlives_a_rollback(replaced_app):
    replaced_app(False)
    Consent.objects.update(choice=Consent.Choice.GRANTED)
    call_command("migrate", "usage_metrics", "0001", verbosity=0)
    call_command("migrate", "usage_metrics", verbosity=0)
    assert Consent.objects.get().choice == Consent.Choice.GRANTED


class RouterWithoutThem:
    """A router that knows the apps of the host only."""

    def db_for_write(self, model, **hints):
        return {"usage_metrics": "default"}[model._meta.app_label]


def test_a_router_that_fails_for_the_replaced_app_does_not_make_migrate_fail(settings, caplog):
    settings.DATABASE_ROUTERS = [f"{__name__}.RouterWithoutThem"]
    call_command("migrate", "usage_metrics", "0001", verbosity=0)
    call_command("migrate", "usage_metrics", verbosity=0)
    assert "Nothing was adopted from the table metric_collection_consent" in caplog.text


V1 = {"OpenWISP Version": "1.0", "os_version": "Debian", "dropped": None}
V2 = {"OpenWISP Version": "1.1", "os_version": "Debian"}


@pytest.fixture
def replaced_history():
    """The version history of the app that ours replaces, and our own app migrated afterwards."""

    def make(*versions: dict | str, column: str = "module_version"):
        call_command("migrate", "usage_metrics", "zero", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE metric_collection_openwispversion"
                f" (id char(32) PRIMARY KEY, created datetime NOT NULL, {column} text NOT NULL)"
            )
            for number, version in enumerate(versions, start=1):
                row = [uuid.uuid4().hex, f"2025-01-0{number} 12:00:00", json.dumps(version)]
                cursor.execute(
                    "INSERT INTO metric_collection_openwispversion VALUES (%s, %s, %s)", row
                )
        call_command("migrate", "usage_metrics", verbosity=0)

    yield make
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE metric_collection_openwispversion")


@pytest.fixture
def _switched_off(monkeypatch):
    """Keep post_migrate from recording anything of its own."""
    monkeypatch.setenv("METRIC_COLLECTION", "off")


@pytest.mark.usefixtures("_switched_off")
class TestVersionHistory:
    def test_the_last_versions_are_the_first_snapshot(self, replaced_history):
        replaced_history(V1, V2)
        snapshot = Snapshot.objects.get()
        assert snapshot.facts == {"OpenWISP Version": "1.1"}
        assert f"{snapshot.installed_at:%Y-%m-%d %H}" == "2025-01-01 12"
        assert 0 <= (snapshot.heartbeat_due - utc_now()).total_seconds() < 24 * 3600

    @pytest.mark.parametrize("use_tz", [True, False])
    def test_each_row_is_an_entry_of_the_version_history(self, replaced_history, settings, use_tz):
        settings.USE_TZ, settings.TIME_ZONE = use_tz, "UTC"
        replaced_history(V1, V2)
        changes = Change.objects.order_by("id").values_list("category", "changes")
        assert list(changes) == [
            ("Install", {"OpenWISP Version": [None, "1.0"], "os_version": [None, "Debian"]}),
            ("Upgrade", {"OpenWISP Version": ["1.0", "1.1"]}),
        ]

    def test_without_rows_there_is_nothing_to_adopt(self, replaced_history):
        replaced_history()
        assert not Snapshot.objects.exists()

    def test_another_table_of_the_same_name_is_ignored(self, replaced_history):
        replaced_history(V1, column="versions")
        assert not Snapshot.objects.exists()

    def test_a_value_of_another_kind_is_ignored(self, replaced_history):
        replaced_history("1.0")
        assert Snapshot.objects.get().facts == {}

    def test_our_own_snapshot_stays(self, replaced_history):
        replaced_history(V1)
        Snapshot.objects.update(facts={"Acme Version": "1.0"})
        call_command("migrate", "usage_metrics", "0002", verbosity=0)
        call_command("migrate", "usage_metrics", verbosity=0)
        assert Snapshot.objects.get().facts == {"Acme Version": "1.0"}


def test_the_other_name_of_the_system_is_no_upgrade(replaced_history):
    replaced_history({"Acme Version": "1.0", "os_version": "Debian GNU/Linux 12 (bookworm)"})
    assert not Report.objects.exists()


def test_after_an_adoption_no_second_install_is_reported(replaced_history):
    replaced_history({"Acme Version": "0.9"})
    assert [report.category for report in Report.objects.all()] == ["Upgrade"]


def rewrites(migration, state) -> list[str]:
    """Find the statements that build a table anew; what SQLite does without, others do at once as well."""
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(state, editor, collect_sql=True)
    return [sql for sql in editor.collected_sql if 'CREATE TABLE "new__' in sql]


@pytest.fixture
def loader():
    return MigrationLoader(connection)


def test_no_migration_after_the_first_builds_a_table_anew(loader):
    later = [key for key in loader.disk_migrations if key[0] == INITIAL[0] and key != INITIAL]
    assert later
    for key in later:
        before = loader.project_state(key, at_end=False)
        assert rewrites(loader.disk_migrations[key], before) == []


@pytest.mark.parametrize(
    ("operation", "does"),
    [
        (migrations.AddField("report", "size", models.IntegerField(null=True)), False),
        (migrations.AddField("report", "size", models.IntegerField(default=0)), True),
        (migrations.AlterField("report", "outcome", models.TextField()), True),
    ],
    ids=["a column that may be empty", "a column with a default", "another type"],
)
def test_what_would_build_a_table_anew_is_seen(operation, does, loader):
    migration = migrations.Migration("0099_change", "usage_metrics")
    migration.operations = [operation]
    assert bool(rewrites(migration, loader.project_state(INITIAL))) is does


def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
