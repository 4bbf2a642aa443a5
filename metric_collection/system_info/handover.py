"""Handing a sweep to a Celery worker from within a request."""

from __future__ import annotations

import logging
import sys
from threading import Thread
from typing import Any

from django.apps import apps

from ..models import Report
from ..reporting import schedule

logger = logging.getLogger("metric_collection")
PATIENCE = 2.0  # seconds for which a request waits for the broker


def ask_worker() -> bool:
    """End the backoff of queued reports and send one message to run a sweep; return whether it was accepted.

    By name, so that a host's `task_always_eager` does not post within the request; and from a thread of
    its own, as an unreachable broker can keep its caller waiting for minutes.
    """
    Report.objects.still_queued().filter(must_wait=False).update(wait_until=None)
    app = celery_app()
    if app is None:
        return False
    accepted: list[bool] = []
    # A daemon, as an unreachable broker must not delay the exit of the server.
    thread = Thread(target=lambda: accepted.append(send_message(app)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return any(accepted)


def celery_app() -> Any:
    """Return the host's Celery app, None if it has none.

    Threads other than the main one know it only by chance. Celery makes up an app named "default" where
    there is none, which uses a broker on localhost.
    """
    if "celery" not in sys.modules:
        return None
    from celery import current_app  # noqa: PLC0415  optional

    config: Any = apps.get_app_config("usage_metrics")
    found = [current_app._get_current_object(), config.celery_app]
    named = (app for app in found if app and (app.main != "default" or app.conf.broker_url))
    return next(named, None)


def send_message(app: Any) -> bool:
    """Send it at once or not at all."""
    try:
        seconds = schedule.SWEEP.total_seconds()
        app.send_task(schedule.DELIVER, retry=False, expires=seconds, **schedule.route())
    except Exception as error:  # noqa: BLE001  every broker has exceptions of its own
        logger.debug("Could not hand the queued reports to a worker: %s", type(error).__name__)
        return False
    return True
