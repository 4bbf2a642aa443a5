"""The outbox: sealing, discarding, listing, expiring and exporting reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from .campaigns import campaigns
from .cleaninsights import payload
from .cleaninsights.datapoints import DataPoint, Event, Visit
from .conf.settings import conf
from .conf.values import CATEGORIES, FIRST_REPORT_OF
from .models import USAGE, Measurement, Report, Sighting
from .models import measurement as measurements
from .models.transactions import atomic


def hour_of(moment: datetime) -> datetime:
    """Truncate a moment to the hour: the minute could single out an installation."""
    return moment.replace(minute=0, second=0, microsecond=0)


def seal(points: Iterable[DataPoint], *, category: str, now: datetime) -> Report:
    """Queue data points as the exact JSON to post, under a new idempotency key."""
    return enqueue(pack(points), category=category, now=now)


def seal_usage(now: datetime) -> Report | None:
    """Queue the finished periods of the first campaign that has any; None if there is none.

    The caller holds consent. Each report is about one campaign, so that consent can be withdrawn for one.
    """
    for campaign_id in sorted(campaigns()):
        if points := measurements.take_finished(campaign_id, now):
            return enqueue(pack(points), category=USAGE, now=now, campaign_id=campaign_id)
    return None


def pack(points: Iterable[DataPoint]) -> bytes:
    """Return the body of a report of these data points."""
    points = tuple(points)
    return payload.encode(
        conf.SITE_ID,
        events=[point for point in points if isinstance(point, Event)],
        visits=[point for point in points if isinstance(point, Visit)],
    )


def enqueue(body: bytes, *, category: str, now: datetime, campaign_id: str = "") -> Report:
    report: Report = Report.objects.create(
        category=category, campaign_id=campaign_id, body=body.decode(), sealed_at=now
    )
    return report


def discard_undelivered(*, keep: str = "") -> None:
    """Delete unsent data, except for reports of the category `keep`."""
    Report.objects.still_queued().exclude(category=keep).delete()
    Measurement.objects.all().delete()
    Sighting.objects.all().delete()


def discard_campaign(campaign_id: str) -> None:
    """Delete unsent data of one campaign."""
    Report.objects.still_queued().filter(campaign_id=campaign_id).delete()
    Measurement.objects.of_campaign(campaign_id).delete()


def keep_facts(names: Iterable[str]) -> None:
    """Remove all other facts from queued reports; delete reports that have no facts then.

    The key stays: if an attempt has already reached the collector, the shorter body is a repetition of it
    and is not counted twice.
    """
    kept = set(names)
    for report in Report.objects.queued().filter(category__in=CATEGORIES):
        body = json.loads(report.body)
        events = body.get("events", ())
        body["events"] = [event for event in events if event["action"] in kept]
        rows = Report.objects.filter(pk=report.pk).still_queued()
        # Whether it is the first report is worth nothing without another fact.
        if all(event["action"] == FIRST_REPORT_OF for event in body["events"]):
            rows.delete()
        elif len(body["events"]) < len(events):
            rows.update(body=payload.compact(body).decode())


def expire(now: datetime) -> None:
    """Give up queued reports older than MAX_AGE."""
    old = Report.objects.still_queued().filter(sealed_at__lt=now - conf.MAX_AGE)
    # A report that is being posted may yet be delivered.
    old.exclude(leased_until__gt=now).update(
        state=Report.State.GIVEN_UP,
        outcome=Report.Outcome.EXPIRED,
        settled_at=now,
        wait_until=None,
    )


def forget(now: datetime) -> None:
    """Delete reports settled longer than KEEP_REPORTS ago; most sweeps find none and write nothing."""
    old = Report.objects.settled_before(now - conf.KEEP_REPORTS)
    if old.exists():
        old.delete()


def export(write: Callable[[Sequence[Report]], object], *, now: datetime) -> int:
    """Pass the queued reports to `write` and settle them; none is settled if it raises."""
    with atomic():
        unclaimed = Report.objects.unclaimed(now)
        unclaimed.update(settled_at=None)  # locks the rows; on SQLite, before the first read
        reports = list(unclaimed.select_for_update())
        for start in range(0, len(reports), measurements.CHUNK):
            exported = [report.pk for report in reports[start : start + measurements.CHUNK]]
            Report.objects.filter(pk__in=exported).update(
                state=Report.State.EXPORTED, outcome=Report.Outcome.EXPORTED, settled_at=now
            )
        write(reports)
    return len(reports)


def described(report: Report) -> dict[str, Any]:
    """Return a report, with its exact body, for JSON; moments in ISO 8601, UTC."""
    return {
        "key": str(report.key),
        "category": report.category,
        "campaign": report.campaign_id or None,
        "sealed_at": iso(report.sealed_at),
        "state": report.state,
        "attempts": report.attempts,
        "status": report.status,
        "outcome": report.outcome,
        "detail": report.detail,
        "settled_at": iso(report.settled_at),
        "bytes": len(report.body.encode()),
        "body": report.body,
    }


def iso(moment: datetime | None) -> str | None:
    """Format a moment in UTC, to the second."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
