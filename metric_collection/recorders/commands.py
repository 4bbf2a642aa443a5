"""The recorder of management commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..measuring.meter import measure_event
from .recorder import Packages, Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRecorder(Recorder):
    """Counts how often each management command succeeded, failed or was stopped.

    Django's own commands are counted as well.
    """

    name: ClassVar[str] = "commands"
    coarsened: ClassVar[str] = "By the name of the command; never its arguments or output."

    def record(self, argv: Sequence[str], error: BaseException | None, own: Packages) -> None:
        """Count the command of a command line, which ended with `error` or, if None, without one."""
        name = argv[1] if len(argv) > 1 else ""
        if module_of(name) in own | ["django"]:
            measure_event("Commands", ending(error), self.campaign, name)


def module_of(name: str) -> str | None:
    """Return the app that defines a command, None if there is no such command."""
    from django.core.management import get_commands  # noqa: PLC0415  not needed in a server

    return get_commands().get(name)


def ending(error: BaseException | None) -> str:
    """Return how a command ended; an exit code other than 0 is a failure."""
    if isinstance(error, KeyboardInterrupt):
        return "Stopped"
    is_well = error is None or (isinstance(error, SystemExit) and not error.code)
    return "Succeeded" if is_well else "Failed"
