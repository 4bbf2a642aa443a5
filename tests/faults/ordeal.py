"""``python -m tests.faults.ordeal WORK FAULT``: work with a fault at its first step, its second, and so on.

A process of a host, which prints for each step what it was and what the database says in the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from metric_collection.cleaninsights import http  # noqa: E402, F401  imported once, not in each child
from metric_collection.cleaninsights.clock import utc_now  # noqa: E402
from metric_collection.cleaninsights.datapoints import Event  # noqa: E402
from metric_collection.consent.choice import choose  # noqa: E402
from metric_collection.models import CampaignConsent, Change, Consent, Measurement, Report, Snapshot  # noqa: E402
from metric_collection.outbox import seal  # noqa: E402
from metric_collection.reporting.collection import Collection  # noqa: E402
from metric_collection.reporting.delivery import Delivery  # noqa: E402
from metric_collection.reporting.sweep import sweep  # noqa: E402

from .steps import disturbed  # noqa: E402

Choice = Consent.Choice
SESSIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist"
    " WHERE db = database() AND id <> connection_id()",
}
END = {"postgresql": "SELECT pg_terminate_backend(%s)", "mysql": "KILL %s"}


def two_reports() -> None:
    """Two reports wait."""
    for category in ("Install", "Heartbeat"):
        seal([event(category)], category=category, now=utc_now())


def a_sweep() -> None:
    """The second heartbeat is due, and a period of a campaign is over."""
    Collection(random=lambda: 0.5).record()
    Report.objects.all().delete()
    Snapshot.objects.update(heartbeat_due=utc_now())
    Measurement.of(event("Search"), digest="0" * 64).save()


def event(category: str) -> Event:
    then = utc_now() - timedelta(days=2)
    return Event(
        campaign_id="search" if category == "Search" else "",
        category=category,
        action="Run",
        times=5,
        period_start=then,
        period_end=then + timedelta(days=1),
    )


def kill(pid: int) -> None:
    """SIGKILL, as the kernel does it to whom has too much memory."""
    os.kill(pid, signal.SIGKILL)


def cut_off(_pid: int) -> None:
    """The database ends every other session."""
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS[connection.vendor])
        for session in cursor.fetchall():
            cursor.execute(END[connection.vendor], session)


def switch_off(_pid: int) -> None:
    """The operator declines."""
    choose(Choice.DENIED, now=utc_now())


WORKS: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
    "delivery": (two_reports, lambda: Delivery().deliver()),
    "sweep": (a_sweep, sweep),
}
FAULTS = {"kill": kill, "cut-off": cut_off, "opt-out": switch_off}


def rounds(work: str, fault: str) -> Iterator[dict[str, Any]]:
    """Go through the work once for each of its steps."""
    prepare, do = WORKS[work]
    ended: list[float] = []

    def happen(pid: int) -> None:
        FAULTS[fault](pid)
        ended.append(time.time())
        connection.close()

    for number in count(1):
        with transaction.atomic():
            forget_all()
            prepare()
        step = disturbed(do, happen, at=number)
        if not step:
            return
        Report.objects.exclude(leased_until=None).update(leased_until=utc_now())
        do()  # another worker
        yield {"step": step, "ended": ended.pop(), "reports": rows()}


def forget_all() -> None:
    """Begin anew."""
    for model in (Change, Consent, CampaignConsent, Measurement, Report, Snapshot):
        model.objects.all().delete()


def waiting() -> list[str]:
    return [str(key) for key in Report.objects.queued().values_list("key", flat=True)]


def rows() -> list[dict[str, Any]]:
    """What the database says of each report, in order, and how much waits to be sealed."""
    reports = Report.objects.order_by("id")
    return [
        {"key": str(one.key), "body": one.body, "category": one.category, "state": one.state}
        for one in reports
    ]


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(list(rounds(*sys.argv[1:]))) + "\n")
