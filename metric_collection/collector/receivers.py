"""Celery's signals: the collector registers its tasks and their entries in beat's schedule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .conf import conf

if TYPE_CHECKING:
    from celery import Celery

WORK = "collector.work"
FORWARD = "collector.forward"
SELF_CHECK = "collector.self_check"
SPANS = {
    WORK: timedelta(minutes=1),
    FORWARD: timedelta(minutes=5),
    SELF_CHECK: timedelta(hours=1),
}


def on_import_modules(sender: Celery, **_: Any) -> None:
    """Import the tasks into a worker or beat, whatever its app finds by itself."""
    sender.loader.import_task_module("metric_collection.collector.tasks")


def on_beat_init(sender: Any, **_: Any) -> None:
    """Add the entries to beat's scheduler, whichever it is. The host's configuration is not written."""
    scheduler = sender.scheduler
    is_database = any("django_celery_beat" in cls.__module__ for cls in type(scheduler).__mro__)
    expires = "expire_seconds" if is_database else "expires"
    theirs = sender.app.conf.beat_schedule
    queue = {"queue": conf.QUEUE} if conf.QUEUE else {}
    entries = {}
    for name, span in SPANS.items():
        host = theirs.get(name, {})
        options = {expires: span.seconds, **queue, **host.get("options", {})}
        entries[name] = {"task": name, "schedule": span, **host, "options": options}
    scheduler.update_from_dict(entries)
