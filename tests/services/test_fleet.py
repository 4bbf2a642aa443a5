"""Two workers and two beats at once, as on a product that runs on two machines."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests.harness import brokers

pytestmark = pytest.mark.thorough

INTERVAL = 2
BEATS = 2
DELIVER = "metric_collection.deliver"
WORKER = ("worker", "-l", "INFO", "-P", "solo", "--without-gossip", "--without-mingle")
BROKERS = {"sqlite3": brokers.folder, "postgresql": brokers.redis, "mysql": brokers.rabbitmq}
ROWS = """
from metric_collection.models import Consent, Report, Snapshot
print(json.dumps({
    "reports": list(Report.objects.order_by("id").values_list("category", "state")),
    "sealed": [report.sealed_at.timestamp() for report in Report.objects.order_by("id")],
    "consents": Consent.objects.count(),
    "snapshots": Snapshot.objects.count(),
}))
"""


@pytest.fixture(scope="module")
def fleet(host, collector, database):
    """The host after heartbeats every two seconds: its rows, its logs and what arrived."""
    host.configure(
        METRIC_COLLECTION_HEARTBEAT_INTERVAL=INTERVAL,
        CELERY_BEAT_SCHEDULE={DELIVER: {"schedule": 1}},
    )
    with ExitStack() as stack:
        broker = BROKERS[database["ENGINE"].rpartition(".")[2]]
        host.configure(**stack.enter_context(broker()))
        processes = [
            stack.enter_context(host.celery(*arguments))
            for arguments in (
                WORKER,
                WORKER,
                ("beat", "-l", "INFO", "--max-interval", "1", "-s", "first", "--pidfile", ""),
                ("beat", "-l", "INFO", "--max-interval", "1", "-s", "second", "--pidfile", ""),
            )
        ]
        arrivals = list(collector.await_arrivals(1 + BEATS))
        for worker in processes[:2]:
            worker.await_line(r"succeeded", times=BEATS)
        rows = host.django(ROWS)
    return rows, arrivals, "".join(process.log for process in processes)


def test_one_install_and_one_heartbeat_an_interval_is_recorded(fleet):
    rows, _arrivals, _log = fleet
    categories = [category for category, _state in rows["reports"]]
    assert categories == ["Install"] + ["Heartbeat"] * (len(categories) - 1)
    beats = rows["sealed"][1:]
    spans = [later - earlier for earlier, later in pairwise(beats)]
    # A late one may be followed by a punctual one. A second one by the other worker would follow at once.
    assert min(spans) >= INTERVAL / 2


def test_each_report_arrives_once_and_in_order(fleet):
    rows, arrivals, _log = fleet
    assert len({arrival.key for arrival in arrivals}) == len(arrivals)
    arrived = [arrival.category for arrival in arrivals]
    assert arrived == ["Install"] + ["Heartbeat"] * (len(arrivals) - 1)
    assert {state for _category, state in rows["reports"][: len(arrivals)]} == {"delivered"}


def test_there_is_one_consent_row_and_one_snapshot(fleet):
    rows, _arrivals, _log = fleet
    assert (rows["consents"], rows["snapshots"]) == (1, 1)


def test_no_task_fails(fleet):
    _rows, _arrivals, log = fleet
    assert "Traceback" not in log
    assert "ERROR" not in log
