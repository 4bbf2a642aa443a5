from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.signals import got_request_exception, request_finished
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from . import measuring

CAMPAIGNS = "METRIC_COLLECTION_CAMPAIGNS"
PROBES = "METRIC_COLLECTION_PROBES"
RECORDERS = "METRIC_COLLECTION_RECORDERS"


class MetricCollectionConfig(AppConfig):
    name = "metric_collection"
    # Another published app has the label `metric_collection`, and tables of the same names.
    label = "usage_metrics"
    verbose_name = _("Usage metrics")
    default_auto_field = "django.db.models.BigAutoField"
    # As seen by the thread that set Django up; in others, Celery knows no current app.
    celery_app: Any = None

    def ready(self) -> None:
        path = "metric_collection.checks"
        checks.register(lazily(f"{path}.check_settings"), self.label)
        checks.register(lazily(f"{path}.check_deployment"), self.label, deploy=True)
        checks.register(lazily(f"{path}.check_delivery"), self.label, checks.Tags.database)
        measuring.connect(
            lazily("metric_collection.reporting.flushing.first_terms"),
            lazily("metric_collection.reporting.flushing.flush"),
        )
        listen(post_migrate, "on_post_migrate", sender=self)
        listen(got_request_exception, "on_request_exception", needs=RECORDERS)
        listen(request_finished, "on_request_finished", needs=CAMPAIGNS)
        listen(request_finished, "note_web_process", needs=PROBES)
        if "celery" in sys.modules:  # do not import it into a process without Celery
            self.connect_celery()

    def connect_celery(self) -> None:
        """Connect to Celery's signals; a worker that sets Django up late has sent import_modules already."""
        from celery import current_app, signals

        self.celery_app = self.celery_app or current_app._get_current_object()
        listen(signals.task_prerun, "on_task_prerun", needs=RECORDERS)
        listen(signals.task_failure, "on_task_failure", needs=RECORDERS)
        listen(signals.task_postrun, "on_task_postrun", needs=CAMPAIGNS)
        listen(signals.task_postrun, "note_worker", needs=PROBES)
        listen(signals.worker_ready, "on_worker_ready")
        listen(signals.beat_init, "on_beat_init")
        for ended in (signals.worker_shutdown, signals.worker_process_shutdown):
            listen(ended, "on_worker_shutdown", needs=CAMPAIGNS)
        on_import_modules = listen(signals.import_modules, "on_import_modules")
        if current_app.loader.worker_initialized:
            on_import_modules(current_app)


def listen(
    signal: Any, receiver: str, *, needs: str | None = None, sender: object = None
) -> Callable[..., Any]:
    """Connect one of the ``receivers`` to a signal, once; it does nothing unless the setting `needs` is set."""
    path = f"metric_collection.receivers.{receiver}"
    listener = lazily(path, needs=needs)
    # Not weakly: nothing else keeps the listener alive.
    signal.connect(listener, sender=sender, weak=False, dispatch_uid=path)
    return listener


def lazily(path: str, *, needs: str | None = None) -> Callable[..., Any]:
    """Return a function that imports the one at `path` when it is called, which keeps start-up fast.

    It imports and calls nothing unless the Django setting `needs` is set.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        if needs is None or getattr(settings, needs, None):
            return import_string(path)(*args, **kwargs)
        return None

    return call
