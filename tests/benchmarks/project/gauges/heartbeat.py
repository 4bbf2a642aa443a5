"""One heartbeat in a worker: gather, compare, record, post, and note the answer. And idle sweeps."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import django
from django.conf import settings

from .queries import counted
from .stopwatch import timed

Beats = tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]


def measure(*, times: int) -> dict[str, object]:
    """Beat once to load what is needed, once to count queries, then for the clock."""
    django.setup()
    prepare, beat, idle = HEARTBEATS[settings.HOST["side"]]()
    prepare()
    beat()
    prepare()
    return {
        "queries": counted(beat),
        "beats": [prepare() or timed(beat) for _ in range(times)],
        "sweeps": [timed(idle)["cpu"] for _ in range(times)],
    }


def ours() -> Beats:
    from metric_collection.models import Snapshot
    from metric_collection.reporting.sweep import sweep

    def fall_due() -> None:
        now = datetime.now(timezone.utc)
        Snapshot.objects.update(heartbeat_due=now - timedelta(seconds=1))

    return fall_due, sweep, sweep


def peer() -> Beats:
    from openwisp_utils.metric_collection.tasks import send_usage_metrics

    return nothing, lambda: send_usage_metrics("Heartbeat"), nothing


def nothing() -> None:
    """Do what the peer does between two heartbeats."""


HEARTBEATS = {"ours": ours, "peer": peer}
