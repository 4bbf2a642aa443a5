"""The switch while other processes write: it waits for them, and a no leaves nothing queued."""

from __future__ import annotations

import pytest

from tests.harness import admin
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import LOADS_CELERY, Host

CLICKS = """
import multiprocessing, time
from django.db import connection, transaction
from metric_collection.models import Consent, Report
from metric_collection.cleaninsights.clock import utc_now

def write(stop):
    while not stop.is_set():
        with transaction.atomic():
            Report.objects.create(category="Test", body="{}", sealed_at=utc_now(), state="delivered")
            Report.objects.update(status=204)
        time.sleep(0.01)

fork = multiprocessing.get_context("fork")
stop = fork.Event()
connection.close()
writers = [fork.Process(target=write, args=[stop], daemon=True) for _ in range(2)]
for writer in writers:
    writer.start()
codes = [client.post(page, {"choice": ["on", "off"][n % 2]}).status_code for n in range(60)]
stop.set()
for writer in writers:
    writer.join(10)
print(json.dumps(sorted(set(codes))))
"""

LATE_SEAL = """
import threading
from django.db import connection, transaction
from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Report
from metric_collection.reporting.collection import Collection
from metric_collection.cleaninsights.clock import utc_now

Report.objects.all().delete()

def seal():
    Collection().heartbeat()
    connection.close()

with transaction.atomic():  # ATOMIC_REQUESTS
    before = Report.objects.queued().count()  # what a request reads first
    other = threading.Thread(target=seal)
    other.start()
    other.join()
    choose(Consent.Choice.DENIED, now=utc_now())
print(json.dumps([before, Report.objects.queued().count()]))
"""


@pytest.mark.thorough
def test_no_click_fails_while_others_write_to_sqlite(tmp_path):
    host = Host(tmp_path, {"product/urls.py": admin.URLS}, **admin.SETTINGS)
    apps = ["django.contrib.admin", *admin.APPS, "metric_collection"]
    host.configure(INSTALLED_APPS=apps)
    assert host.django(admin.SUPERUSER + CLICKS) == [302]


@pytest.mark.parametrize("name", ["PostgreSQL", "MariaDB"])
def test_a_no_deletes_what_was_sealed_after_the_first_read_of_its_transaction(tmp_path, name):
    with DATABASES[name](tmp_path) as database:
        files = dict(LOADS_CELERY)
        if "mysql" in database["ENGINE"]:
            files["product/__init__.py"] = PYMYSQL + files["product/__init__.py"]
            database["OPTIONS"] = {"isolation_level": "repeatable read"}
        host = Host(tmp_path, files, DATABASES={"default": database})
        host.configure(METRIC_COLLECTION_CATEGORIES=["Heartbeat"])
        assert host.manage("migrate").returncode == 0
        host.django(
            "from metric_collection.models import Snapshot; Snapshot.objects.all().delete()"
        )
        host.configure(METRIC_COLLECTION_CATEGORIES=["Install", "Upgrade", "Heartbeat"])
        assert host.django(LATE_SEAL) == [0, 0]
