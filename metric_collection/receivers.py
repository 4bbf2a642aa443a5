"""What the app does when Django or Celery says something: migrate has ended, a worker is ready.

Nothing here reaches the network but for one message to a broker that a worker is already connected to.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, router

from .conf import conf
from .consent import switched_off

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger("metric_collection")

HEARTBEAT = "metric_collection.heartbeat"
DELIVER = "metric_collection.deliver"
SWEEP = timedelta(minutes=10)
LEASE_IS_OVER = timedelta(minutes=1)


def on_post_migrate(*, using: str, **kwargs: Any) -> None:
    """Record an install or upgrade in the database that holds our tables; never fail the migrate."""
    from .collection import Collection  # noqa: PLC0415  probes are not needed at start-up
    from .models import Snapshot  # noqa: PLC0415

    if using != router.db_for_write(Snapshot) or not is_ours(**kwargs):
        return
    try:
        Collection().record()
    except DatabaseError as error:
        logger.warning("No install or upgrade was recorded after migrate: %s", error)


def is_ours(*, apps: Any = None, plan: Any = None, **_: Any) -> bool:
    """Whether this was a migrate (a flush has no plan), not a rollback, that left our tables there."""
    if plan is None or any(backwards for _migration, backwards in plan):
        return False
    return ("usage_metrics", "snapshot") in {
        (model._meta.app_label, model._meta.model_name) for model in apps.get_models()
    }


def on_import_modules(sender: Celery, **_: Any) -> None:
    """Give a Celery worker or beat our tasks, whatever its app is called and finds by itself."""
    sender.loader.import_task_module("metric_collection.tasks")
    schedule(sender)


def schedule(app: Celery) -> None:
    """Add our two entries to the app's beat schedule, below what the host says about them."""
    if switched_off() is None:
        app.conf.beat_schedule = {**entries(), **app.conf.beat_schedule}


def entries() -> dict[str, dict[str, Any]]:
    """Describe the two beat entries; a message that no worker takes expires before the next one."""
    spans = {HEARTBEAT: timedelta(hours=24), DELIVER: SWEEP}
    return {
        name: {"task": name, "schedule": span, "options": {"expires": SWEEP.seconds, **route()}}
        for name, span in spans.items()
    }


def route() -> dict[str, str]:
    """Name the queue of METRIC_COLLECTION_QUEUE, or leave the routing to Celery."""
    return {"queue": conf.QUEUE} if conf.QUEUE else {}


def on_worker_ready(sender: Any, **_: Any) -> None:
    """Ask the worker to deliver at once, and again when the lease of one that was killed is over."""
    if switched_off() is not None:
        return
    for delay in (timedelta(0), LEASE_IS_OVER):
        sender.app.send_task(
            DELIVER, countdown=delay.seconds, expires=SWEEP.seconds, retry=False, **route()
        )
