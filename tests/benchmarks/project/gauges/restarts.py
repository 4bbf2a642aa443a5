"""Days in which worker and beat start anew every few hours, as containers do, in virtual time.

Celery's own persistent scheduler decides what is due, by a clock that jumps to the moment at which
it wants to look next; its schedule file goes with each restart. What it sends is run at once.
"""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from tempfile import TemporaryDirectory
from typing import Any

import django
from celery import Celery, signals
from celery.beat import PersistentScheduler
from django.conf import settings

TASKS = {
    "metric_collection.deliver",
    "metric_collection.heartbeat",
    "openwisp_utils.metric_collection.tasks.send_usage_metrics",
}


class Clock:
    """Begins with the present and stands still between two steps."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Machine:
    """A beat, and a worker that is always idle."""

    def __init__(self, celery: Celery, clock: Clock, work: Callable[[], object]) -> None:
        self.celery, self.clock, self.work = celery, clock, work

    @property
    def app(self) -> "Machine":
        """What receivers of ``worker_ready`` know the worker's Celery app by."""
        return self

    def run(self, hours: int) -> None:
        """Live from one start to the next."""
        end = self.clock.now + timedelta(hours=hours)
        signals.worker_ready.send(self)
        with TemporaryDirectory() as folder:
            beat = PersistentScheduler(app=self.celery, schedule_filename=f"{folder}/schedule")
            beat.apply_async = lambda entry, **_: self.send_task(entry.task)
            while self.clock.now < end:
                self.clock.advance(max(beat.tick(), 1))
            beat.close()

    def send_task(self, name: str, **_: Any) -> None:
        if name in TASKS:
            self.work()


def measure(*, days: int, hours: int) -> dict[str, int]:
    django.setup()
    from product import celery_app

    clock = Clock()
    celery_app.now = clock
    celery_app.loader.init_worker()
    machine = Machine(celery_app, clock, WORK[settings.HOST["side"]](clock))
    for _ in range(0, days * 24, hours):
        machine.run(hours)
    return {"entries": len(celery_app.conf.beat_schedule)}


def ours(clock: Clock) -> Callable[[], object]:
    """Do what both tasks do, by this clock; the first heartbeat is due in the middle of a day."""
    from metric_collection.models import Snapshot
    from metric_collection.reporting.collection import Collection
    from metric_collection.reporting.delivery import Delivery

    Snapshot.objects.update(heartbeat_due=clock.now + timedelta(hours=12))
    return lambda: (Collection(clock=clock).heartbeat(), Delivery(clock=clock).deliver())


def peer(_clock: Clock) -> Callable[[], object]:
    from openwisp_utils.metric_collection.tasks import send_usage_metrics

    return lambda: send_usage_metrics("Heartbeat")


WORK = {"ours": ours, "peer": peer}
