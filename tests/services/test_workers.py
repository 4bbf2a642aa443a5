"""One worker or beat at a time, over a folder as broker: what it sends, and when."""

from __future__ import annotations

import pytest

from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host

DELIVER = "metric_collection.deliver"
OFTEN = {DELIVER: {"schedule": 0.5}}
WORKER = ("worker", "-l", "INFO", "-P", "solo", "--without-gossip", "--without-mingle")
REPORTS = "SELECT state, attempts FROM usage_metrics_report"
AN_HOUR_GOES_BY = """
    UPDATE usage_metrics_report
    SET leased_until = leased_until - 3600, attempted_at = attempted_at - 3600
"""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'usage_metrics%'"


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def host(tmp_path, collector):
    return Host(tmp_path, LOADS_CELERY, METRIC_COLLECTION_COLLECTOR_URL=collector.url)


def migrate(host, **environ):
    assert host.manage("migrate", **environ).returncode == 0


@pytest.mark.thorough
def test_the_install_arrives_when_a_worker_becomes_ready_with_no_beat_at_all(host, collector):
    migrate(host)
    assert collector.arrivals == []
    with host.celery("worker", "-l", "INFO", "--concurrency", "1"):
        arrival, *more = collector.await_arrivals(1)
    assert more == []
    assert arrival.category == "Install"
    assert arrival.facts["Acme Version"] == "1.0"
    assert arrival.headers["Content-Type"] == "application/json"


@pytest.mark.thorough
def test_a_worker_killed_between_post_and_record_repeats_the_bytes_with_their_key(host, collector):
    migrate(host)
    collector.hold.set()
    with host.celery(*WORKER) as worker:
        collector.await_arrivals(1)
        worker.kill()
    collector.hold.clear()
    host.manage("metric_collection", "send")  # in vain: for all it knows the worker lives
    assert host.sql(REPORTS) == [("queued", 1)]
    host.sql(AN_HOUR_GOES_BY)
    with host.celery(*WORKER) as worker:
        worker.await_line(r"deliver\[.*\] succeeded")
    first, second = collector.arrivals
    assert (first.body, first.key) == (second.body, second.key)
    assert host.sql(REPORTS) == [("delivered", 2)]


@pytest.mark.thorough
def test_a_worker_of_named_queues_gets_our_tasks_where_the_setting_routes_them(host, collector):
    host.configure(METRIC_COLLECTION_QUEUE="slow", CELERY_BEAT_SCHEDULE=OFTEN)
    migrate(host)
    with host.celery(*WORKER, "-Q", "fast,slow", "-B"):
        collector.await_arrivals(1)
        host.configure(METRIC_COLLECTION_PRODUCT_VERSION="2.0")
        migrate(host)
        collector.await_arrivals(2)
    assert collector.categories == ["Install", "Upgrade"]


ATOMIC_TASKS = {
    "product/celery.py": """
        from celery import Celery, Task

        class AtomicTask(Task):
            def __call__(self, *args, **kwargs):
                from django.db import transaction
                with transaction.atomic():
                    return super().__call__(*args, **kwargs)

        app = Celery("product", task_cls=AtomicTask)
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
    """,
    "product/__init__.py": LOADS_CELERY["product/__init__.py"],
}


@pytest.mark.thorough
def test_a_worker_whose_tasks_are_transactions_posts_nothing_and_says_why(tmp_path, collector):
    host = Host(tmp_path, ATOMIC_TASKS, METRIC_COLLECTION_COLLECTOR_URL=collector.url)
    migrate(host)
    with host.celery(*WORKER) as worker:
        worker.await_line(r"deliver\[.*\] succeeded")
        assert "Reports are not sent within a database transaction" in worker.log
    assert collector.arrivals == []
    host.manage("metric_collection", "send")
    assert collector.categories == ["Install"]


@pytest.mark.thorough
def test_switched_off_neither_rows_nor_entries_nor_requests(host, collector):
    host.configure(CELERY_BEAT_SCHEDULE={"own": {"task": "product.tidy", "schedule": 0.5}})
    off = {"METRIC_COLLECTION": "False"}
    migrate(host, **off)
    with host.celery(*WORKER, "-B", **off) as worker:
        worker.await_line("Received unregistered task of type 'product.tidy'")
    assert "Sending due task metric_collection" not in worker.log
    assert "Task metric_collection" not in worker.log
    assert collector.arrivals == []
    assert [table for (table,) in host.sql(TABLES) if host.sql(f"SELECT * FROM {table}")] == []
