"""The base class of recorders, the packages that they may name, and the guard between them and the host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import ClassVar, ParamSpec

from ..cleaninsights.keys import Keyed, Kind
from ..conf.values import text
from ..probes.probe import summary_of

logger = logging.getLogger("metric_collection.recorders")

TEXT = Kind(expected="a string", read=text)
P = ParamSpec("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder(Keyed):
    """One recorder, known to METRIC_COLLECTION_RECORDERS by ``name``.

    Operators read the first line of the docstring, and ``coarsened``: which details are left out. It
    may measure durations (`is_timed`), record only the publisher's own names (`is_own`), and need the
    middleware (`sees_requests`).
    """

    name: ClassVar[str]
    coarsened: ClassVar[str]
    is_timed: ClassVar[bool] = False
    is_own: ClassVar[bool] = True
    sees_requests: ClassVar[bool] = False

    campaign: str = field(metadata=TEXT)

    @property
    def description(self) -> str:
        """The first line of the docstring, for operators, and whether there is a histogram."""
        line = summary_of(type(self))
        if getattr(self, "histogram", False):
            line = f"{line} Durations are counted in eight buckets, too.".lstrip()
        return line


class Packages:
    """A set of packages with their modules: ``"acme.views" in Packages(["acme"])``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._prefixes = tuple(f"{name}." for name in self._names)

    def __contains__(self, module: object) -> bool:
        return f"{module}.".startswith(self._prefixes)

    def __or__(self, names: Iterable[str]) -> Packages:
        """Return the union with further packages."""
        return Packages((*self._names, *names))


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, so that sums stay exact."""
    return round(seconds * 1000)


def harmless(watch: Callable[P, None]) -> Callable[P, None]:
    """Log an exception at DEBUG, by its class alone, instead of raising it into the host."""

    @wraps(watch)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            watch(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  the host's objects may raise anything
            logger.debug("A recorder failed with %s.", type(error).__name__)

    return attempt
