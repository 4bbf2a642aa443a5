"""Celery tasks. A message may be lost, late or run twice: the database knows what is due."""

from __future__ import annotations

from celery import shared_task
from django.apps import apps

from ..cleaninsights.clock import utc_now
from .receivers import FORWARD, SELF_CHECK, WORK
from .work import CHECKING, COUNTING, FORWARDING, run_due


@shared_task(name=WORK, ignore_result=True)  # type: ignore[untyped-decorator]
def work() -> None:
    """Count reports, and run the daily jobs if they are due."""
    run_due(utc_now(), COUNTING)


@shared_task(name=FORWARD, ignore_result=True)  # type: ignore[untyped-decorator]
def forward() -> None:
    """Send the sums of settled days to Matomo."""
    run_due(utc_now(), FORWARDING)


@shared_task(name=SELF_CHECK, ignore_result=True)  # type: ignore[untyped-decorator]
def self_check() -> None:
    """Look for the report that the last run posted, and post another."""
    run_due(utc_now(), CHECKING)


# A program of the host's own may import Celery, and by it this module, only after Django is set up.
apps.get_app_config("usage_metrics_collector").connect_celery()  # type: ignore[attr-defined]
