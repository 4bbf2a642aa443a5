"""What Celery runs. Either task may be lost, late or run twice: the database knows what is due."""

from __future__ import annotations

from celery import shared_task
from django.apps import apps

from .collection import Collection
from .delivery import Delivery


def sweep() -> None:
    """Record a heartbeat if one is due, then deliver what waits."""
    Collection().beat()
    Delivery().deliver()


@shared_task(name="metric_collection.heartbeat", ignore_result=True)  # type: ignore[untyped-decorator]
def heartbeat() -> None:
    """Report every 24 hours that the product is alive."""
    sweep()


@shared_task(name="metric_collection.deliver", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver() -> None:
    """Deliver what is due, and catch a heartbeat that beat has missed."""
    sweep()


# A program of the host's own may import Celery, and by it this module, only after Django is set up.
apps.get_app_config("usage_metrics").connect_celery()  # type: ignore[attr-defined]
