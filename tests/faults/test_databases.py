"""A database that is read-only, full, locked or lost in the middle of a delivery."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

import pytest

from tests.harness import admin
from tests.harness.collector import collecting
from tests.harness.host import Host
from tests.harness.sockets import read_request, serving

SWEEP = """
import logging
from metric_collection.tasks import deliver
logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level="INFO", stream=sys.stdout)
print(json.dumps(deliver.apply(throw=True).state))
"""
REPORTS = "SELECT category, state FROM usage_metrics_report ORDER BY id"
LEASE_IS_OVER = "UPDATE usage_metrics_report SET leased_until = leased_until - 3600"
HEARTBEAT_IS_DUE = "UPDATE usage_metrics_snapshot SET heartbeat_due = heartbeat_due - 86400"
LOOK = f"""{admin.SUPERUSER}
client.raise_request_exception = False
settings.METRIC_COLLECTION_CONSENT = "notice"
from django.db import connection
connection.cursor().execute("PRAGMA query_only = 1")
answers = [client.get(path).status_code for path in ("/admin/", page, page + "reports/")]
print(json.dumps([*answers, client.post(page, {{"choice": "off"}}).status_code]))
"""


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def host(tmp_path, collector):
    """A product on SQLite that has noted its install and not delivered it."""
    host = Host(
        tmp_path,
        {"product/urls.py": admin.URLS},
        **admin.SETTINGS,
        INSTALLED_APPS=[*admin.APPS, "metric_collection", "django.contrib.admin"],
        METRIC_COLLECTION_COLLECTOR_URL=collector.url,
    )
    host.manage("migrate").check_returncode()
    return host


@pytest.fixture
def database(host):
    """database(timeout=0.1, ...) -> the options of the host's SQLite for the processes from now on."""
    settings = host.settings["DATABASES"]["default"]

    def database(**options):
        host.configure(DATABASES={"default": {**settings, "OPTIONS": options}})

    return database


def sweep(host):
    """Sweep as a worker does; return the log."""
    swept = host.run("-c", f"import django, json, sys\ndjango.setup()\n{SWEEP}")
    assert swept.returncode == 0, swept.stderr
    assert swept.stdout.endswith('"SUCCESS"\n')
    return swept.stdout


def is_stopped_once(log):
    return log.count("WARNING") == 1 and "Sweep aborted; the next one resumes" in log


@pytest.mark.thorough
def test_a_read_only_database_sends_nothing_and_loses_nothing(host, collector, database):
    database(init_command="PRAGMA query_only = 1")
    assert is_stopped_once(sweep(host))
    assert collector.arrivals == []
    database()
    sweep(host)
    assert collector.categories == ["Install"]


@pytest.mark.thorough
def test_pages_are_shown_on_a_read_only_database_and_the_switch_reports_its_failure(host):
    assert host.django(LOOK) == [200, 200, 200, 500]


@pytest.mark.thorough
def test_migrate_succeeds_on_a_full_disk_and_the_upgrade_is_recorded_later(
    host, collector, database
):
    sweep(host)
    facts = {f"fact {number}": "x" * 250 for number in range(30)}
    host.configure(METRIC_COLLECTION_FACTS=facts, METRIC_COLLECTION_PRODUCT_VERSION="2.0")
    host.sql("CREATE TABLE hosts_own (filler)")
    for size in (4000, 400, 40, 4):
        fill(host, size)
    database(init_command="PRAGMA max_page_count = 1")
    host.sql(HEARTBEAT_IS_DUE)
    migrated = host.manage("migrate")
    assert migrated.returncode == 0
    assert "No install or upgrade was recorded after migrate" in migrated.stderr
    assert "database or disk is full" in migrated.stderr
    assert is_stopped_once(sweep(host))
    assert collector.categories == ["Install"]
    database()
    sweep(host)
    assert collector.categories == ["Install", "Upgrade"]


def fill(host, size):
    """Fill every page that there is; what is added needs new ones."""
    with closing(sqlite3.connect(host.folder / "product.sqlite3")) as connection:
        connection.execute("PRAGMA max_page_count = 1")
        with suppress(sqlite3.OperationalError):
            while True:
                connection.execute("INSERT INTO hosts_own VALUES (zeroblob(?))", [size])
                connection.commit()


@pytest.mark.thorough
def test_reports_are_sent_after_the_host_has_unlocked_its_database(host, collector, database):
    database(timeout=0.1)
    with closing(sqlite3.connect(host.folder / "product.sqlite3", isolation_level=None)) as theirs:
        theirs.execute("BEGIN EXCLUSIVE")
        assert is_stopped_once(sweep(host))
        assert collector.arrivals == []
    sweep(host)
    assert collector.categories == ["Install"]


@pytest.mark.thorough
def test_the_host_can_write_during_a_post_and_a_failed_record_is_repeated(
    host, collector, database
):
    taken = []
    database(timeout=0.1)
    theirs = sqlite3.connect(
        host.folder / "product.sqlite3", timeout=0, isolation_level=None, check_same_thread=False
    )

    def lock_and_accept(connection):
        head, body = read_request(connection)
        theirs.execute("BEGIN IMMEDIATE")
        taken.append((head.partition("Idempotency-Key: ")[2].split()[0], body))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with closing(theirs), serving(lock_and_accept) as port:
        host.configure(METRIC_COLLECTION_COLLECTOR_URL=f"http://127.0.0.1:{port}/")
        assert is_stopped_once(sweep(host))
        theirs.execute("ROLLBACK")
    assert host.sql(REPORTS) == [("Install", "queued")]
    host.configure(METRIC_COLLECTION_COLLECTOR_URL=collector.url)
    host.sql(LEASE_IS_OVER)
    sweep(host)
    assert [(arrival.key, arrival.body) for arrival in collector.arrivals] == taken
    assert host.sql(REPORTS) == [("Install", "delivered")]
