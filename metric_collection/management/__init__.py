"""A replacement for Django's ``execute_from_command_line`` that records commands and may ask for consent."""

from __future__ import annotations

import os
import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core import management
from django.core.management.base import BaseCommand, OutputWrapper
from django.db.backends.signals import connection_created

OWN: Final = frozenset({"metric_collection", "opt_in_out"})  # they are about consent themselves


def execute_from_command_line(argv: list[str] | None = None) -> None:
    """Do the same as Django's function of this name, then record the command and how it ended.

    With METRIC_COLLECTION_PROMPT the first command on a terminal asks for consent before it runs.
    """
    argv = argv or sys.argv[:]
    with noting_databases() as reached:
        try:
            Utility(argv).execute()
        except BaseException as error:
            record(argv, error, reached)
            raise
        record(argv, None, reached)


class Utility(management.ManagementUtility):
    """Django's, with a question in front of the command."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """Ask here: Django and its settings are loaded, and the command is not yet."""
        is_help = {"-h", "--help", "help"} & set(self.argv[1:])
        is_child = os.environ.get("RUN_MAIN") == "true"  # of runserver's reloader, which was asked
        if not (is_help or is_child or subcommand in OWN):
            prompt()
        return super().fetch_command(subcommand)


def prompt() -> None:
    """Ask for consent if the publisher wants that, and still has the app installed."""
    if not (apps.ready and apps.is_installed("metric_collection")):
        return
    if getattr(settings, "METRIC_COLLECTION_PROMPT", False):
        from .questions import prompt as ask  # noqa: PLC0415  needs Django set up

        ask(OutputWrapper(sys.stdout))


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
