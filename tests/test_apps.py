from __future__ import annotations

from celery import signals
from django.apps import apps
from django.test.utils import override_system_checks

WORKER_READY = "metric_collection.receivers.on_worker_ready"


def test_where_celery_was_imported_before_django_starts_its_workers_are_heard():
    signals.worker_ready.disconnect(dispatch_uid=WORKER_READY)
    with override_system_checks([]):
        apps.get_app_config("usage_metrics").ready()
    assert signals.worker_ready.disconnect(dispatch_uid=WORKER_READY)
    apps.get_app_config("usage_metrics").connect_celery()
