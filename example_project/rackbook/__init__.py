"""Rackbook: where the devices of a network stand and what has to be done to them."""

from rackbook.celery import app as celery_app

__version__ = "2.3.0"
__all__ = ["celery_app"]
