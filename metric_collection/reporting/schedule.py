"""When the tasks run, and what they find to do: beat's two entries, the agenda, an appointment between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..conf.settings import conf

HEARTBEAT = "metric_collection.heartbeat"
DELIVER = "metric_collection.deliver"
SWEEP = timedelta(minutes=10)


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
