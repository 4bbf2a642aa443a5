"""A replacement for Django's ``execute_from_command_line`` that lets the command recorder count."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import management
from django.db.backends.signals import connection_created


def execute_from_command_line(argv: list[str] | None = None) -> None:
    """Do the same as Django's function of this name, then record the command and how it ended."""
    argv = argv or sys.argv[:]
    with noting_databases() as reached:
        try:
            management.execute_from_command_line(argv)
        except BaseException as error:
            record(argv, error, reached)
            raise
        record(argv, None, reached)


@contextmanager
def noting_databases() -> Iterator[Container[str]]:
    """Note the alias of each database that is connected to within the block."""
    reached: set[str] = set()

    def note(connection: Any, **_: Any) -> None:
        reached.add(connection.alias)

    connection_created.connect(note)
    try:
        yield reached
    finally:
        connection_created.disconnect(note)


def record(argv: Sequence[str], error: BaseException | None, reached: Container[str]) -> None:
    """Count a command if the product has recorders, and still has the app installed."""
    if not (apps.ready and apps.is_installed("metric_collection")):
        return
    if getattr(settings, "METRIC_COLLECTION_RECORDERS", None):
        from ..receivers import on_command  # noqa: PLC0415  needs Django set up

        on_command(argv, error, reached)
