"""Celery beat's two entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..conf.settings import conf

HEARTBEAT = "metric_collection.heartbeat"
DELIVER = "metric_collection.deliver"
SWEEP = timedelta(minutes=10)


def beat_entries(*, expires: str = "expires") -> dict[str, dict[str, Any]]:
    """Return the two entries; a message that no worker takes expires before the next sweep.

    `expires` is Celery's name for the option. django-celery-beat drops it and has `expire_seconds`.
    """
    spans = {HEARTBEAT: conf.HEARTBEAT_INTERVAL, DELIVER: SWEEP}
    options = {expires: SWEEP.seconds, **route()}
    return {
        name: {"task": name, "schedule": span, "options": options} for name, span in spans.items()
    }


def route() -> dict[str, str]:
    """Return the option for METRIC_COLLECTION_QUEUE, if that is set."""
    return {"queue": conf.QUEUE} if conf.QUEUE else {}
