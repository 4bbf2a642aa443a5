"""The outbox seen from outside: what waits, what was sent, and what no longer needs keeping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .conf import conf
from .models import Report
from .stores import atomic

EXPIRED = "not delivered in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The outbox in numbers, and the report that was settled last."""

    waiting: int
    next_attempt: datetime | None
    last: Report | None


def queue() -> Queue:
    """Ask how many reports wait, when the first is tried next, and which was settled last."""
    waiting = Report.objects.queued()
    head: Report | None = waiting.first()
    return Queue(
        waiting=waiting.count(),
        next_attempt=None if head is None else head.wait_until or head.sealed_at,
        last=Report.objects.settled_last(),
    )


def expire(now: datetime) -> None:
    """Give up what could not be delivered within MAX_AGE."""
    old = Report.objects.from_first_queued().sealed_before(now - conf.MAX_AGE)
    old.exclude(leased_until__gt=now).update(
        state=Report.State.GIVEN_UP, outcome=EXPIRED, settled_at=now, wait_until=None
    )


def forget(now: datetime) -> None:
    """Delete from the record what was settled longer than KEEP_REPORTS ago."""
    Report.objects.settled_before(now - conf.KEEP_REPORTS).delete()


def export(write: Callable[[Sequence[str]], object], *, now: datetime) -> int:
    """Hand the queued bodies to `write` and settle them; none is settled when it raises."""
    with atomic():
        waiting = list(Report.objects.unclaimed(now).select_for_update())
        exported = Report.objects.unclaimed(now).filter(pk__lte=waiting[-1].pk if waiting else 0)
        exported.update(state=Report.State.EXPORTED, outcome="exported", settled_at=now)
        write([report.body for report in waiting])
    return len(waiting)


def described(report: Report) -> dict[str, Any]:
    """Return a report with its exact body as JSON can hold it; moments in ISO 8601, UTC."""
    return {
        "key": str(report.key),
        "category": report.category,
        "campaign": report.campaign_id or None,
        "sealed_at": iso(report.sealed_at),
        "state": report.state,
        "attempts": report.attempts,
        "status": report.status,
        "outcome": report.outcome,
        "settled_at": iso(report.settled_at),
        "bytes": len(report.body.encode()),
        "body": report.body,
    }


def iso(moment: datetime | None) -> str | None:
    """Write a moment to the second, in UTC."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
