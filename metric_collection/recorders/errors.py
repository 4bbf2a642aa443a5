"""The recorder of errors."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar, Final

from ..measuring.meter import measure_event
from .recorder import Packages, Recorder

# Packages whose class names reveal nothing about an installation.
PUBLIC: Final = (*sys.stdlib_module_names, "django", "celery", "billiard", "kombu")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRecorder(Recorder):
    """Counts the uncaught errors of requests, tasks and commands, by the module they came from and their class.

    The module is the publisher's innermost one in the traceback; errors without one are not counted.
    A class that is neither the publisher's nor public is replaced by its nearest base class that is.
    """

    name: ClassVar[str] = "errors"
    coarsened: ClassVar[str] = (
        "By the names of module and class; never a message, a value, a path or a line."
    )

    def record(self, error: BaseException, own: Packages) -> None:
        """Count an error, if a module or class of the publisher is involved."""
        module = origin(error, own)
        if module is not None:
            measure_event("Errors", module, self.campaign, class_name(error, own))


def origin(error: BaseException, own: Packages) -> str | None:
    """Return the publisher's innermost module in the traceback, or that of the error's class."""
    modules = []
    trace = error.__traceback__
    while trace is not None:  # from the outermost call to the innermost
        modules.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    nearest_first = [*reversed(modules), type(error).__module__]
    return next((module for module in nearest_first if module in own), None)


def class_name(error: BaseException, own: Packages) -> str:
    """Return the name of the nearest class that is the publisher's or public; BaseException at the latest."""
    named = own | PUBLIC
    return next(each.__qualname__ for each in type(error).__mro__ if each.__module__ in named)
