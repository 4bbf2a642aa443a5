"""A sweep: flush, make the heartbeat that is due, seal finished periods, deliver.

Celery's tasks and the management command run the same sweep.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from ..cleaninsights.clock import Clock, utc_now
from ..cleaninsights.transport import RequestsTransport, Transport
from ..consent.rules import ruling, switched_off
from ..models import Report, Snapshot
from ..outbox import forget
from .collection import Collection
from .delivery import Delivery
from .flushing import flusher
from .schedule import SWEEP

logger = logging.getLogger("metric_collection.reporting.sweep")

CLOCK_DIFFERENCE: Final = timedelta(seconds=1)  # a sweep that comes too early finds nothing due
HOUR: Final = timedelta(hours=1)


def sweep(clock: Clock = utc_now, transport: Transport | None = None) -> list[Report]:
    """Do everything that is due; return the reports whose delivery was attempted."""
    # First, and also where metrics are switched off: that removes the journals.
    flusher.flush()
    if off := switched_off():
        logger.debug("Nothing is gathered or sent: %s", off.sentence)
        return []
    collection = Collection(clock=clock)
    collection.heartbeat()
    collection.seal()
    note_sweep(clock())
    forget(clock())  # after an opt-out too
    return Delivery(clock=clock, transport=transport or RequestsTransport()).deliver()


def note_sweep(now: datetime) -> None:
    """Record that something delivers here; at most one write an hour, and none while metrics are off."""
    # A sweep in the future was noted by a clock that has gone back since.
    stale = Snapshot.objects.filter(
        Q(swept_at=None) | Q(swept_at__lte=now - HOUR) | Q(swept_at__gt=now + HOUR)
    )
    if stale.exists() and ruling().sends:
        stale.update(swept_at=now)


def due_soon(now: datetime) -> timedelta | None:
    """Return after how long something falls due, if that is before the next sweep.

    Products that were started in the same minute sweep in the same minutes for good. With sweeps alone their
    heartbeats would reach the collector together, every ten minutes; at the random moment of each
    installation they are spread evenly over the day.
    """
    snapshot = Snapshot.objects.current()
    head: Report | None = Report.objects.queued().defer("body").first()
    times = [
        snapshot.heartbeat_due if snapshot else now,
        head.next_attempt(now) if head else now,
    ]
    soon = [time - now for time in times if now < time < now + SWEEP]
    if not soon or not ruling().sends:
        return None
    logger.debug("The next heartbeat or attempt is due in %s.", min(soon))
    return min(soon) + CLOCK_DIFFERENCE
