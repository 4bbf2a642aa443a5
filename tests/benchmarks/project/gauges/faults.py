"""A heartbeat to a collector that fails, in a worker that is given so long; and what an hour later brings."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

import django
from django.conf import settings

from .heartbeat import HEARTBEATS
from .stopwatch import timed_until


def measure(*, cap: float, later: bool) -> dict[str, object]:
    """How long the worker was busy; `later` do what is done without another heartbeat falling due."""
    django.setup()
    side = settings.HOST["side"]
    prepare, beat, idle = HEARTBEATS[side]()
    if later:
        LATER[side]()
        return timed_until(cap, idle)
    prepare()
    return timed_until(cap, beat)


def ours() -> None:
    from metric_collection.models import Report

    Report.objects.update(wait_until=None, leased_until=None)


LATER = {"ours": ours, "peer": lambda: None}
