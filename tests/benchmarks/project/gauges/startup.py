"""The start of a process that uses Django; a Celery app, where the host has one, is loaded before."""

from importlib import import_module

import django

from .stopwatch import timed


def measure() -> dict[str, float]:
    import_module("product")
    return timed(django.setup)
