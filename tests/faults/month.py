"""``python -m tests.faults.month MINUTES``: two beats and eight workers on one database, for a virtual month.

A process of a host. Each beat sends a message every so many minutes; whichever worker is idle takes it.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any

import django

django.setup()

from django.db import connections  # noqa: E402

from metric_collection.cleaninsights import http  # noqa: E402, F401  imported once, not in each child
from metric_collection.cleaninsights.clock import utc_now  # noqa: E402
from metric_collection.models import Report  # noqa: E402
from metric_collection.reporting.collection import Collection  # noqa: E402
from metric_collection.reporting.delivery import Delivery  # noqa: E402

BEATS, WORKERS, MONTH = 2, 8, timedelta(days=30)
PATIENCE = 30
fork = get_context("fork")


def work(messages: Any, done: Any) -> None:
    """Sweep at the moment that each message is for; None is the end."""
    while (moment := messages.get()) is not None:
        sweep(moment)
        done.release()


def sweep(moment: datetime) -> None:
    Collection(clock=lambda: moment).heartbeat()
    Delivery(clock=lambda: moment).deliver()


def live(every: timedelta) -> None:
    """Let a month go by; a moment is over when each of its messages has been worked off."""
    connections.close_all()
    messages, done = fork.SimpleQueue(), fork.Semaphore(0)
    workers = [
        fork.Process(target=work, args=[messages, done], daemon=True) for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    now = utc_now()
    end = now + MONTH
    while now < end:
        for _beat in range(BEATS):
            messages.put(now)
        for _beat in range(BEATS):
            assert done.acquire(timeout=PATIENCE), "a worker has failed, or hangs"
        now += every
    for _worker in workers:
        messages.put(None)
    for worker in workers:
        worker.join(PATIENCE)


if __name__ == "__main__":
    live(timedelta(minutes=int(sys.argv[1])))
    reports = Report.objects.order_by("id")
    rows = [
        (str(one.key), one.category, one.sealed_at.timestamp(), one.state, one.attempts)
        for one in reports
    ]
    sys.stdout.write("\n" + json.dumps(rows) + "\n")
