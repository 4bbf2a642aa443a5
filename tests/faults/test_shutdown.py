"""A worker that is to stop while it delivers: politely, at once, or while the collector hangs."""

from __future__ import annotations

import signal
import time

import pytest

from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host

WORKER = ("worker", "-l", "INFO", "--without-gossip", "--without-mingle")
POOLS = {"solo": ("-P", "solo"), "prefork": ("-c", "1"), "threads": ("-P", "threads", "-c", "1")}
REPORTS = "SELECT state, attempts FROM usage_metrics_report"
LEASE_IS_OVER = "UPDATE usage_metrics_report SET leased_until = leased_until - 3600"


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def host(tmp_path, collector):
    host = Host(tmp_path, LOADS_CELERY, METRIC_COLLECTION_COLLECTOR_URL=collector.url)
    host.manage("migrate").check_returncode()
    return host


@pytest.mark.parametrize(
    "pool",
    ["solo", *(pytest.param(pool, marks=pytest.mark.thorough) for pool in ("prefork", "threads"))],
)
def test_a_warm_shutdown_waits_for_the_answer_and_records_it(host, collector, pool):
    collector.delay = 1
    with host.celery(*WORKER, *POOLS[pool]) as worker:
        collector.await_arrivals(1)
        assert worker.stop(signal.SIGTERM) == 0, worker.log
    assert collector.categories == ["Install"]
    assert host.sql(REPORTS) == [("delivered", 1)]
    assert "Traceback" not in worker.log


@pytest.mark.thorough
def test_a_collector_that_hangs_holds_up_a_warm_shutdown_no_longer_than_its_timeout(
    host, collector
):
    collector.hold.set()
    with host.celery(*WORKER, *POOLS["solo"]) as worker:
        collector.await_arrivals(1)
        begun = time.monotonic()
        assert worker.stop(signal.SIGTERM) == 0, worker.log
        assert time.monotonic() - begun < 10  # METRIC_COLLECTION_TIMEOUT is 2 seconds here
    assert host.sql(REPORTS) == [("queued", 1)]


@pytest.mark.thorough
@pytest.mark.parametrize("pool", ["solo", "prefork"])
def test_after_a_cold_shutdown_the_next_worker_repeats_the_same_bytes(host, collector, pool):
    collector.hold.set()
    with host.celery(*WORKER, *POOLS[pool]) as worker:
        collector.await_arrivals(1)
        worker.stop(signal.SIGQUIT)
    collector.hold.clear()
    host.sql(LEASE_IS_OVER)
    with host.celery(*WORKER, *POOLS["solo"]):
        first, second = collector.await_arrivals(2)
    assert (first.key, first.body) == (second.key, second.body)
