"""Processes that count at the same moment, or are killed at it: each count gets in, and gets in once."""

from __future__ import annotations

import signal

import pytest

SIZE = 10
CAMPAIGN = {
    "purpose": "To test.",
    "start": "2026-01-01T00:00:00Z",
    "end": "2126-01-01T00:00:00Z",
    "aggregationPeriodLength": 36_000,
}
CAMPAIGNS = {
    "sum": {**CAMPAIGN, "title": "Sum"},
    "mean": {**CAMPAIGN, "title": "Mean", "eventAggregationRule": "avg"},
}

# Forked processes, each with a journal and a connection of its own, and what they complain about.
PROCESSES = """
import logging, multiprocessing, os, random, signal, time
from django.db import connection
from metric_collection import measure_event
from metric_collection.reporting.flushing import Flusher, flusher
from metric_collection.measuring.meter import meter
from metric_collection.models import CampaignConsent, CountedJournal, Measurement
from metric_collection.reporting.flushing import state_folder

fork = multiprocessing.get_context("fork")
complaints = fork.SimpleQueue()

class Complaints(logging.Handler):
    def emit(self, record):
        complaints.put(record.getMessage())

logging.getLogger("metric_collection").addHandler(Complaints(logging.WARNING))
for model in (CampaignConsent, CountedJournal, Measurement):
    model.objects.all().delete()

def start(size, work, *arguments):
    connection.close()
    processes = [fork.Process(target=work, args=[number, *arguments]) for number in range(size)]
    for process in processes:
        process.start()
    return processes

def join(processes):
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]

def counted():
    flusher.flush()
    return {row.point.action: [row.times, row.value] for row in Measurement.objects.all()}

def tell(**found):
    complaint = None if complaints.empty() else complaints.get()
    counts = counted()  # first: those who found another process at it have left their journals
    left = os.listdir(state_folder().path)
    print(json.dumps({"counted": counts, "left": left, "complaint": complaint, **found}))
"""

AT_ONCE = """
size, rounds, calls = map(int, sys.argv[1:])

def work(number, barrier):
    for round in range(rounds):
        for call in range(calls):
            measure_event("Race", "Open", "sum")
            measure_event("Race", f"By {number}", "sum", value=2)
            measure_event("Race", "Mean", "mean", value=number)
        barrier.wait(30)
        flusher.flush()

tell(codes=join(start(size, work, fork.Barrier(size))))
"""

KILLED_AT_RANDOM = """
size, rounds, calls = map(int, sys.argv[1:])

def work(number, ready):
    for call in range(calls):
        measure_event("Race", "Open", "sum", value=0.5)
    ready.release()
    flusher.flush()
    signal.pause()

for round in range(rounds):
    ready = fork.Semaphore(0)
    processes = start(size, work, ready)
    for process in processes:
        ready.acquire(timeout=30)
    for process in processes:
        time.sleep(random.uniform(0, 0.01))
        process.kill()
    join(processes)
counted()
tell()
"""

KILLED_AT_EACH_STEP = """
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

class DyingAfterCommit(Flusher):
    def _finish(self, journals):
        die()

class DyingBetweenRemovals(Flusher):
    def _finish(self, journals):
        journals[0].discard()
        die()

def dying_at(statement):
    seen = []
    def execute(execute, *rest):
        seen.append(rest)
        return die() if len(seen) == statement else execute(*rest)
    return execute

def measure(number):
    measure_event("Race", "Open", "sum", value=0.5)
    os._exit(0)

def flush(number, flusher, statement):
    measure_event("Race", "Open", "sum", value=0.5)
    with connection.execute_wrapper(dying_at(statement)):
        flusher.flush()

def count(dying, statement=0):
    join(start(2, measure))
    (code,) = join(start(1, flush, dying, statement))
    return code, *counted()["Open"]

steps = [count(DyingAfterCommit(meter)), count(DyingBetweenRemovals(meter))]
while steps[-1][0]:
    steps.append(count(flusher, len(steps) - 1))
tell(steps=steps)
"""


@pytest.fixture(scope="module")
def product(host, tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    host.configure(
        METRIC_COLLECTION_CAMPAIGNS=CAMPAIGNS, METRIC_COLLECTION_STATE_FOLDER=str(folder)
    )
    return host


def test_ten_processes_at_once_lose_no_count_and_log_no_failure(product):
    rounds, calls = 2, 20
    told = product.django(PROCESSES + AT_ONCE, str(SIZE), str(rounds), str(calls))
    each = rounds * calls
    assert told == {
        "codes": [0] * SIZE,
        "complaint": None,
        "left": [],
        "counted": {
            "Open": [SIZE * each, None],
            "Mean": [SIZE * each, pytest.approx((SIZE - 1) / 2)],
            **{f"By {number}": [each, 2.0 * each] for number in range(SIZE)},
        },
    }


@pytest.mark.thorough
def test_ten_processes_killed_at_any_moment_count_everything_once(product):
    rounds, calls = 3, 20
    told = product.django(PROCESSES + KILLED_AT_RANDOM, str(SIZE), str(rounds), str(calls))
    each = SIZE * rounds * calls
    assert told["counted"] == {"Open": [each, each / 2]}
    assert told["left"] == []


@pytest.mark.thorough
def test_a_kill_before_each_statement_after_the_commit_and_between_removals_counts_once(product):
    told = product.django(PROCESSES + KILLED_AT_EACH_STEP)
    *killed, (survived, *_) = told["steps"]
    assert {code for code, *_ in killed} == {-signal.SIGKILL}
    assert survived == 0
    assert len(killed) > 8
    assert [total for _, *total in told["steps"]] == [
        [3 * step, 1.5 * step] for step in range(1, len(killed) + 2)
    ]
    assert told["left"] == []


HELD = """
import threading
from metric_collection.models.transactions import held

is_held, release = threading.Event(), threading.Event()

def hold():
    with held():
        is_held.set()
        release.wait(30)
    connection.close()

measure_event("Race", "Open", "sum")
holder = threading.Thread(target=hold)
holder.start()
is_held.wait(30)
begun = time.monotonic()
flusher.flush()
took = time.monotonic() - begun
before = Measurement.objects.count()
release.set()
holder.join()
tell(took=took, before=before)
"""


def test_a_flush_does_not_wait_for_another_transaction(product):
    told = product.django(PROCESSES + HELD)
    assert told["took"] < 1
    assert (told["before"], told["counted"]) == (0, {"Open": [1, None]})
    assert told["complaint"] is None
