"""A host as it is a day after it was installed: migrated, its install reported, with a superuser."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

import django
from django.conf import settings
from django.core.management import call_command


def measure() -> None:
    django.setup()
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_superuser("root", "", "root")
    FIRST_DELIVERIES[settings.HOST["side"]]()


def ours() -> None:
    from metric_collection.reporting.delivery import Delivery

    Delivery().deliver()


def peer() -> None:
    from openwisp_utils.metric_collection.tasks import send_usage_metrics

    send_usage_metrics("Install")


FIRST_DELIVERIES = {"bare": lambda: None, "ours": ours, "peer": peer}
