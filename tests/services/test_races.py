"""Processes that do the same at the same moment: the database lets one of them."""

from __future__ import annotations

import pytest

# Processes with a connection each, held at a barrier before every round.
CROWD = """
import multiprocessing, threading, traceback
from django.db import connection
from metric_collection.reporting.collection import Collection
from metric_collection.consent.choice import choose, disclose
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.reporting.delivery import Delivery
from metric_collection.models import Change, Consent, Report, Snapshot

ROUNDS = int(sys.argv[1])
fork = multiprocessing.get_context("fork")
failures = fork.SimpleQueue()

def take_part(number, barrier):
    connection.ensure_connection()
    try:
        for round in range(ROUNDS):
            barrier.wait(30)
            act(number, round)
    except threading.BrokenBarrierError:
        pass
    except Exception:
        failures.put(traceback.format_exc())
        barrier.abort()

for model in (Change, Consent, Report, Snapshot):
    model.objects.all().delete()

def crowd(size=8):
    connection.close()
    barrier = fork.Barrier(size)
    crowd = [fork.Process(target=take_part, args=[number, barrier]) for number in range(size)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join(60)
    return [] if failures.empty() else [failures.get()]
"""

INSTALL = """
def act(number, round):
    Collection().record() if number % 2 else Collection().heartbeat()
failed = crowd()
print(json.dumps([failed, [report.category for report in Report.objects.all()],
                  Snapshot.objects.count(), Change.objects.count()]))
"""

BEAT = """
from datetime import datetime, timedelta, timezone
begin = datetime.now(timezone.utc)
Collection().record()
def act(number, round):
    Collection(clock=lambda: begin + timedelta(days=2 * round + 2)).heartbeat()
failed = crowd()
print(json.dumps([failed, [report.category for report in Report.objects.order_by("id")]]))
"""

CHOOSE = """
def act(number, round):
    if number % 4 == 3:
        disclose(now=utc_now())
    else:
        choose([Consent.Choice.GRANTED, Consent.Choice.DENIED][number % 2], now=utc_now())
    Collection().record()
    Delivery().deliver()
failed = crowd(2) or crowd(8)
consent = Consent.objects.get()
print(json.dumps([failed, consent.choice, Report.objects.queued().count()]))
"""

DELIVER = """
from metric_collection.outbox import seal
for number in range(ROUNDS):
    seal([], category=f"Test {number}", now=utc_now())
def act(number, round):
    Delivery().deliver()
failed = crowd()
Delivery().deliver()
print(json.dumps([failed, Report.objects.queued().count()]))
"""

RECORD = """
from datetime import timedelta
from metric_collection.outbox import expire
from metric_collection.outbox import seal
now = utc_now()
reports = [seal([], category="Test", now=now) for _ in range(ROUNDS)]
def act(number, round):
    report = reports[round]
    if number == 0:
        report.settle(Report.State.DELIVERED, status=204, outcome=Report.Outcome.ACCEPTED, now=now)
    elif number == 1:
        expire(now)
    else:
        report.claim(now + timedelta(days=round), timedelta(seconds=30))
failed = crowd(4)
print(json.dumps([failed, Report.objects.queued().count()]))
"""


@pytest.fixture
def race(host):
    def race(story, *, rounds):
        failed, *outcome = host.django(CROWD + story, str(rounds))
        assert not failed, failed[0]
        return outcome

    return race


def test_eight_processes_install_once(race):
    assert race(INSTALL, rounds=1) == [["Install"], 1, 1]


def test_eight_processes_beat_once_a_day(race):
    assert race(BEAT, rounds=4) == [["Install"] + ["Heartbeat"] * 4]


@pytest.mark.thorough
def test_choices_at_once_leave_one_consent_row_and_a_no_leaves_nothing_queued(race):
    choice, queued = race(CHOOSE, rounds=20)
    assert choice in {"granted", "denied"}
    assert choice == "granted" or queued == 0


def test_eight_processes_post_each_report_once(race, collector):
    before = len(collector.arrivals)
    assert race(DELIVER, rounds=10) == [0]
    keys = [arrival.key for arrival in collector.arrivals[before:]]
    assert len(keys) == len(set(keys)) == 10


@pytest.mark.thorough
def test_claims_and_records_at_once_do_not_end_each_other(race, database):
    is_prone = "mysql" in database["ENGINE"]  # it ends one of two that lock in different orders
    assert race(RECORD, rounds=400 if is_prone else 20) == [0]
