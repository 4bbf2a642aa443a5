from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class CollectorConfig(AppConfig):
    name = "metric_collection.collector"
    label = "usage_metrics_collector"
    verbose_name = _("Usage metrics collector")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(check_collector)


def check_collector(**kwargs: Any) -> Any:
    """Import the checks when they are run: start-up pays for nothing else."""
    return import_string("metric_collection.collector.checks.check_collector")(**kwargs)
