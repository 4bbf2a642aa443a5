"""A heartbeat arrives, whatever a host runs on: databases, brokers, pools and schedulers in combination."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.harness import brokers
from tests.harness.collector import collecting
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import LOADS_CELERY, Host

pytestmark = pytest.mark.smoke
DELIVER = "metric_collection.deliver"
POOLS = ["solo", "threads", "gevent", "prefork"]
BROKERS = {"folder": brokers.folder, "Redis": brokers.redis, "RabbitMQ": brokers.rabbitmq}
SCHEDULERS = {"static": "celery.beat.PersistentScheduler", "database": "django"}

# Any two of a pool, a broker, a database and a scheduler meet in one of these.
CELLS = [
    (pool, broker, [*DATABASES][(row + column) % 3], [*SCHEDULERS][(row + column) % 2])
    for row, pool in enumerate(POOLS)
    for column, broker in enumerate(BROKERS)
]
CELLS[1:] = [pytest.param(*cell, marks=pytest.mark.thorough) for cell in CELLS[1:]]

# A broker in memory is a worker's own: nobody outside can ask for a heartbeat.
EMBEDDED = """
import time
from celery.contrib.testing.worker import start_worker
from metric_collection.models import Report
from metric_collection.tasks import heartbeat
from product.celery import app

delivered = Report.objects.filter(state="delivered")

def ask_until_delivered(count):
    end = time.monotonic() + 20
    while delivered.count() < count and time.monotonic() < end:
        heartbeat.delay()
        time.sleep(0.2)

with start_worker(app, pool="solo", perform_ping_check=False):
    ask_until_delivered(2)
print(json.dumps([report.category for report in delivered.order_by("id")]))
"""


@pytest.fixture
def product(tmp_path):
    """product(settings) -> a migrated host that is asked every second, and beats every two."""

    def product(collector, *, database, scheduler, **settings):
        files = dict(LOADS_CELERY)
        if "mysql" in database["ENGINE"]:
            files["product/__init__.py"] = PYMYSQL + files["product/__init__.py"]
        host = Host(tmp_path, files, DATABASES={"default": database}, **settings)
        if scheduler == "database":
            pytest.importorskip(
                "django_celery_beat",
                reason="no django-celery-beat for this Django yet: take an older Django",
            )
            host.settings["INSTALLED_APPS"] += ["django_celery_beat"]
        host.configure(
            METRIC_COLLECTION_COLLECTOR_URL=collector.url,
            METRIC_COLLECTION_HEARTBEAT_INTERVAL=2,
            CELERY_BEAT_SCHEDULE={DELIVER: {"schedule": 1}},
        )
        migrated = host.manage("migrate")
        assert migrated.returncode == 0, migrated.stderr
        return host

    return product


@pytest.mark.parametrize(("pool", "broker", "database", "scheduler"), CELLS)
def test_the_install_and_a_heartbeat_arrive(pool, broker, database, scheduler, product, tmp_path):
    if pool == "gevent":
        pytest.importorskip("gevent", reason='needs the extra "services"')
    with ExitStack() as stack:
        collector = stack.enter_context(collecting())
        host = product(
            collector,
            database=stack.enter_context(DATABASES[database](tmp_path)),
            scheduler=scheduler,
            **stack.enter_context(BROKERS[broker]()),
        )
        worker = ("worker", "-l", "INFO", "-P", pool, "-c", "2", "--without-mingle")
        beat = ("beat", "-l", "INFO", "-S", SCHEDULERS[scheduler], "--max-interval", "1")
        stack.enter_context(host.celery(*worker))
        stack.enter_context(host.celery(*beat, "--pidfile", ""))
        install, heartbeat = collector.await_arrivals(2)[:2]
    assert (install.category, heartbeat.category) == ("Install", "Heartbeat")
    assert heartbeat.facts["Acme Version"] == "1.0"


@pytest.mark.thorough
def test_in_memory_a_worker_delivers_what_its_own_process_asks_for(product, tmp_path):
    with collecting() as collector, DATABASES["SQLite"](tmp_path) as database:
        host = product(
            collector, database=database, scheduler="static", **brokers.broker_at("memory://")
        )
        assert host.django(EMBEDDED)[:2] == ["Install", "Heartbeat"]
    assert collector.categories[:2] == ["Install", "Heartbeat"]
