"""The Celery tasks. Each may be lost, late or run twice: the database knows what is due."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.apps import apps
from django.db import Error

from .cleaninsights.clock import utc_now
from .reporting import schedule
from .reporting.sweep import due_soon, sweep

logger = logging.getLogger("metric_collection")


@contextmanager
def database_errors_logged() -> Iterator[None]:
    """Log in one line that the database is down, full, locked or read-only."""
    try:
        yield
    except Error as error:
        logger.warning("Sweep aborted; the next one resumes: %s", error)


def schedule_heartbeat(seconds: float) -> None:
    """Send one message for the heartbeat task, which never sends another one: they cannot multiply.

    Without a broker only punctuality is lost: the next sweep does what is due.
    """
    expires = seconds + schedule.SWEEP.total_seconds()
    try:
        # Without retries of Celery's own, which would block the worker.
        heartbeat.apply_async(countdown=seconds, expires=expires, retry=False, **schedule.route())
    except Exception as error:  # noqa: BLE001  a broker that is gone, a queue that Celery refuses
        logger.debug("Could not schedule the next heartbeat: %r", error)


@shared_task(name=schedule.HEARTBEAT, ignore_result=True)  # type: ignore[untyped-decorator]
def heartbeat() -> None:
    """Send the daily heartbeat."""
    with database_errors_logged():
        sweep()


@shared_task(name=schedule.DELIVER, ignore_result=True)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver due reports, and make a heartbeat that is overdue."""
    with database_errors_logged():
        sweep()
        if (wait := due_soon(utc_now())) is not None:
            schedule_heartbeat(wait.total_seconds())


# A program may set Django up first and import Celery, and so this module, only afterwards.
apps.get_app_config("usage_metrics").connect_celery()  # type: ignore[attr-defined]
