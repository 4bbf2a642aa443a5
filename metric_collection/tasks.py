"""What Celery runs. Either task may be lost, late or run twice: the database knows what is due."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.apps import apps
from django.db import Error
from kombu.exceptions import OperationalError

from .cleaninsights.clock import utc_now
from .reporting import schedule
from .reporting.sweep import sweep

logger = logging.getLogger("metric_collection")


def sweep_and_appoint() -> None:
    """Sweep, and ask for one more sweep at the moment when something falls due before the next."""
    if (wait := sweep().appointment(utc_now())) is not None:
        appoint(wait.total_seconds())


@contextmanager
def unbroken() -> Iterator[None]:
    """Let a database that is away, full, locked or read-only cost no more than time."""
    try:
        yield
    except Error as error:
        logger.warning(
            "The database has stopped a sweep, the next one goes on from there: %s", error
        )


def appoint(seconds: float) -> None:
    """Send one message, to the task that makes no appointments: so they can never multiply.

    A broker that is away costs no more than punctuality: the next sweep does what there is to do.
    """
    expires = seconds + schedule.SWEEP.total_seconds()
    try:
        heartbeat.apply_async(countdown=seconds, expires=expires, retry=False, **schedule.route())
    except OperationalError as error:
        logger.debug("The broker took no message about the next heartbeat: %s", error)


@shared_task(name=schedule.HEARTBEAT, ignore_result=True)  # type: ignore[untyped-decorator]
def heartbeat() -> None:
    """Report every 24 hours that the product is alive."""
    with unbroken():
        sweep()


@shared_task(name=schedule.DELIVER, ignore_result=True)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver what is due, and catch a heartbeat that beat has missed."""
    with unbroken():
        sweep_and_appoint()


# A program of the host's own may import Celery, and by it this module, only after Django is set up.
apps.get_app_config("usage_metrics").connect_celery()  # type: ignore[attr-defined]
