"""Hosts with several databases: ours has the tables, a replica is not read, each migrate fires alone."""

from __future__ import annotations

import pytest

from tests.harness import admin
from tests.harness.collector import collecting
from tests.harness.host import Host, sqlite

# Reads go to replicas that lag so far behind that they have no table yet.
REPLICAS = """\
class Router:
    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "usage_metrics" else None

    def db_for_write(self, model, **hints):
        return "primary" if model._meta.app_label == "usage_metrics" else None

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        if app_label == "usage_metrics":
            return db == "primary"
        return db == "default"
"""
LIVE = f"""{admin.SUPERUSER}
from django.core.management import call_command
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.models import Snapshot

def metrics(action):
    call_command("metric_collection", action, verbosity=0)

def get(path):
    return client.get(path).status_code

looks = [get("/admin/"), get(page), get("/admin/usage_metrics/consent/reports/")]
metrics("heartbeat")
Snapshot.objects.update(heartbeat_due=utc_now())
metrics("heartbeat")
metrics("reports")
looks.append(client.post(page, {{"choice": "off"}}).status_code)
Snapshot.objects.update(heartbeat_due=utc_now())
metrics("heartbeat")
print(json.dumps(looks))
"""
OURS_APART = """\
class Router:
    def db_for_read(self, model, **hints):
        return "metrics" if model._meta.app_label == "usage_metrics" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return db == "metrics" if app_label == "usage_metrics" else None
"""
ADOPTED = """
from metric_collection.models import Consent, Snapshot
print(json.dumps([Consent.objects.current().choice, Snapshot.objects.get().facts]))
"""
MIGRATE_ALL = """
from django.core.management import call_command
from metric_collection.models import Report

for alias in ("other", "default", "other"):
    call_command("migrate", database=alias, verbosity=0)
print(json.dumps([list(Report.objects.using(alias).values_list("category", flat=True))
                  for alias in ("default", "other")]))
"""


@pytest.mark.thorough
def test_a_replica_that_lags_is_never_read(tmp_path):
    databases = {name: sqlite(tmp_path / name) for name in ("default", "primary", "replica")}
    files = {"product/urls.py": admin.URLS, "product/router.py": REPLICAS}
    with collecting() as collector:
        host = Host(
            tmp_path,
            files,
            **admin.SETTINGS,
            INSTALLED_APPS=[*admin.APPS, "metric_collection", "django.contrib.admin"],
            DATABASES=databases,
            DATABASE_ROUTERS=["product.router.Router"],
            METRIC_COLLECTION_COLLECTOR_URL=collector.url,
        )
        assert host.django(LIVE) == [200, 200, 200, 302]
    assert collector.categories == ["Install", "Heartbeat"]


@pytest.mark.thorough
def test_the_migrate_of_a_database_that_is_not_ours_records_nothing(tmp_path):
    databases = {name: sqlite(tmp_path / name) for name in ("default", "other")}
    host = Host(tmp_path, DATABASES=databases)
    assert host.django(MIGRATE_ALL) == [["Install"], []]


@pytest.mark.thorough
def test_the_tables_of_the_replaced_app_are_found_in_the_default_database(tmp_path):
    host = Host(
        tmp_path,
        {"product/router.py": OURS_APART},
        DATABASES={
            "default": sqlite(tmp_path / "product.sqlite3"),
            "metrics": sqlite(tmp_path / "metrics.sqlite3"),
        },
        DATABASE_ROUTERS=["product.router.Router"],
    )
    host.sql("CREATE TABLE metric_collection_consent (user_consented bool)")
    host.sql("INSERT INTO metric_collection_consent VALUES (0)")
    host.sql(
        "CREATE TABLE metric_collection_openwispversion (created datetime, module_version text)"
    )
    host.sql(
        "INSERT INTO metric_collection_openwispversion"
        """ VALUES ('2025-01-01 12:00:00', '{"OpenWISP Version": "24.11.1"}')"""
    )
    migrated = host.manage("migrate", "--database", "metrics")
    assert migrated.returncode == 0, migrated.stderr
    assert host.django(ADOPTED) == ["denied", {"OpenWISP Version": "24.11.1"}]
