"""The start of a process that uses Django, and what a first request loads besides.

A Celery app, where the host has one, is loaded before.
"""

from importlib import import_module

import django
from django.urls import get_resolver

from .stopwatch import timed


def measure() -> dict[str, float]:
    import_module("product")
    setup = timed(django.setup)["cpu"]
    return {"setup": setup, "ready": setup + timed(load_urls)["cpu"]}


def load_urls() -> None:
    get_resolver().url_patterns  # noqa: B018  they are loaded when they are first looked at
