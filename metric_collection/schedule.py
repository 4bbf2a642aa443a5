"""When the tasks run: the two entries of Celery beat, and one appointment between two sweeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .conf import conf
from .consent import ruling
from .models import Report, Snapshot

HEARTBEAT = "metric_collection.heartbeat"
DELIVER = "metric_collection.deliver"
SWEEP = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(seconds=1)  # for an appointment that is kept too early is kept in vain


def beat_entries() -> dict[str, dict[str, Any]]:
    """Describe our two entries; a message that no worker takes expires before the next sweep."""
    spans = {HEARTBEAT: conf.HEARTBEAT_INTERVAL, DELIVER: SWEEP}
    options = {"expires": SWEEP.seconds, **route()}
    return {
        name: {"task": name, "schedule": span, "options": options} for name, span in spans.items()
    }


def route() -> dict[str, str]:
    """Name the queue of METRIC_COLLECTION_QUEUE, or leave the routing to Celery."""
    return {"queue": conf.QUEUE} if conf.QUEUE else {}


def appointment(now: datetime) -> timedelta | None:
    """Return in how long something falls due, if that is before the next sweep.

    Products that were started in the same minute sweep in the same minutes for good. Kept to sweeps
    alone, their heartbeats would knock at the collector together, every ten minutes; kept at the moment
    that chance has given each installation, they are spread evenly over the day.
    """
    soon = [moment - now for moment in _due_next() if now < moment < now + SWEEP]
    return min(soon) + CLOCKS_DIFFER if soon and ruling().sends else None


def _due_next() -> list[datetime]:
    """List when the heartbeat is due, and the report that the others wait behind."""
    snapshot, head = Snapshot.objects.current(), Report.objects.queued().first()
    moments = (snapshot.heartbeat_due if snapshot else None, head.wait_until if head else None)
    return [moment for moment in moments if moment is not None]
