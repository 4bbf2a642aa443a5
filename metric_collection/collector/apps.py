from __future__ import annotations

import sys
from collections.abc import Callable
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
        checks.register(lazily("checks.check_collector"))
        if "celery" in sys.modules:  # a process without Celery does not import it
            self.connect_celery()

    def connect_celery(self) -> None:
        """Listen to Celery; a worker or beat that loads Django while it starts has spoken already."""
        from celery import current_app, signals

        on_import_modules = lazily("receivers.on_import_modules")
        for signal, receiver in (
            (signals.import_modules, on_import_modules),
            (signals.beat_init, lazily("receivers.on_beat_init")),
        ):
            signal.connect(receiver, weak=False, dispatch_uid=f"{self.label}.{signal.name}")
        if current_app.loader.worker_initialized:
            on_import_modules(current_app)


def lazily(name: str) -> Callable[..., Any]:
    """Return a function that is imported when it is first called: start-up pays for nothing else."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return import_string(f"metric_collection.collector.{name}")(*args, **kwargs)

    return call
