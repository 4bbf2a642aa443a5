"""What is kept in the database between gathering and delivery."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import router, transaction
from django.db.transaction import Atomic

from .cleaninsights import payload
from .cleaninsights.datapoints import Event
from .conf import conf
from .models import Report


def atomic() -> Atomic:
    """Open a transaction on the database that holds this app's tables."""
    return transaction.atomic(using=router.db_for_write(Report))


def hour_of(moment: datetime) -> datetime:
    """Cut a moment to the hour: nobody needs to know the minute in which a product was installed."""
    return moment.replace(minute=0, second=0, microsecond=0)


def seal(events: Iterable[Event], *, category: str, now: datetime) -> Report:
    """Put `events` into the outbox as the exact JSON to be posted, with a key of its own."""
    body = payload.encode(conf.SITE_ID, events=events)
    report: Report = Report.objects.create(category=category, body=body.decode(), sealed_at=now)
    return report


def discard_undelivered() -> int:
    """Delete everything that has not left yet; return how many reports that were."""
    deleted, _ = Report.objects.queued().delete()
    return int(deleted)
