"""What a product's manage.py imports from here instead of from django.core, to have its commands counted."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from django.apps import apps
from django.conf import settings
from django.core import management


def execute_from_command_line(argv: list[str] | None = None) -> None:
    """Do what Django's function of this name does; then let the recorder see what was run, and its end."""
    argv = argv or sys.argv[:]
    try:
        management.execute_from_command_line(argv)
    except BaseException as error:
        record(argv, error)
        raise
    record(argv, None)


def record(argv: Sequence[str], error: BaseException | None) -> None:
    """Count a command in a product that has recorders."""
    if apps.ready and getattr(settings, "METRIC_COLLECTION_RECORDERS", None):
        from ..receivers import on_command  # noqa: PLC0415  needs Django set up

        on_command(argv, error)
