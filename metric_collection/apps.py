from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.signals import request_finished
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from . import measuring


class MetricCollectionConfig(AppConfig):
    name = "metric_collection"
    # Another app in the field has the label `metric_collection`, and tables of the same names.
    label = "usage_metrics"
    verbose_name = _("Usage metrics")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(lazily("metric_collection.checks.check_settings"))
        post_migrate.connect(
            lazily("metric_collection.receivers.on_post_migrate"),
            sender=self,
            weak=False,
            dispatch_uid=self.name,
        )
        measuring.connect(lazily("metric_collection.flushing.first_terms"))
        request_finished.connect(
            if_set(
                "METRIC_COLLECTION_CAMPAIGNS", "metric_collection.receivers.on_request_finished"
            ),
            weak=False,
            dispatch_uid=self.name,
        )
        request_finished.connect(
            if_set("METRIC_COLLECTION_PROBES", "metric_collection.receivers.note_web_process"),
            weak=False,
            dispatch_uid=f"{self.name}.sightings",
        )
        if "celery" in sys.modules:  # a process without Celery is not made to import it
            self.connect_celery()

    def connect_celery(self) -> None:
        """Listen to Celery; a worker or beat that loads Django while it starts has spoken already."""
        from celery import current_app, signals

        on_import_modules = lazily("metric_collection.receivers.on_import_modules")
        on_worker_ready = lazily("metric_collection.receivers.on_worker_ready")
        on_task_postrun = if_set(
            "METRIC_COLLECTION_CAMPAIGNS", "metric_collection.receivers.on_task_postrun"
        )
        note_worker = if_set("METRIC_COLLECTION_PROBES", "metric_collection.receivers.note_worker")
        signals.task_postrun.connect(on_task_postrun, weak=False, dispatch_uid=self.name)
        signals.task_postrun.connect(note_worker, weak=False, dispatch_uid=f"{self.name}.sightings")
        signals.import_modules.connect(on_import_modules, weak=False, dispatch_uid=self.name)
        signals.worker_ready.connect(on_worker_ready, weak=False, dispatch_uid=self.name)
        if current_app.loader.worker_initialized:
            on_import_modules(current_app)


def lazily(path: str) -> Callable[..., Any]:
    """Return a function that is imported when it is first called: start-up pays for nothing else."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return import_string(path)(*args, **kwargs)

    return call


def if_set(name: str, path: str) -> Callable[..., None]:
    """Return a function that calls the one at `path` in a product that has the setting `name`."""
    listener = lazily(path)

    def call(*args: Any, **kwargs: Any) -> None:
        if getattr(settings, name, None):
            listener(*args, **kwargs)

    return call
