"""A product like any other: a Celery app, a Django project, and the metrics app of one side."""

from .settings import HOST

if HOST["celery"]:
    from .celery import app as celery_app  # noqa: F401
