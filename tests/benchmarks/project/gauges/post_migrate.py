"""What a migrate costs that has nothing to do: the receiver, and what it leaves to the worker."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

import django
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks

from .stopwatch import timed


def measure() -> dict[str, object]:
    """After the system checks, with which every migrate begins."""
    django.setup()
    run_checks()
    inside = timed(RECEIVERS[settings.HOST["side"]])
    messages = published()
    return {"inside": inside, "messages": messages, "worker": work() if messages else None}


def ours() -> None:
    from metric_collection.receivers import on_post_migrate

    on_post_migrate(using="default", apps=apps, plan=[])


def peer() -> None:
    from openwisp_utils.metric_collection.apps import MetricsCollectionConfig

    MetricsCollectionConfig.post_migrate_receiver(using="default", apps=apps, plan=[])


def published() -> int:
    """Take the messages from the broker, which is in this process's memory."""
    from product import celery_app

    with celery_app.connection_for_read() as connection:
        return connection.default_channel.queue_purge("celery")


def work() -> dict[str, float]:
    """Do what the peer's message asks for, as a worker that has done it before."""
    from openwisp_utils.metric_collection.tasks import send_usage_metrics

    send_usage_metrics("Upgrade")
    return timed(lambda: send_usage_metrics("Upgrade"))


RECEIVERS = {"ours": ours, "peer": peer}
