"""The recorder: what every one of them is declared by, and what none of them may do to the host."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ClassVar, ParamSpec

from ..cleaninsights.keys import Keyed, Kind
from ..conf.values import text

logger = logging.getLogger("metric_collection.recorders")

TEXT = Kind(expected="a text", read=text)
P = ParamSpec("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder(Keyed):
    """One recorder; the first line of its docstring describes it, ``coarsened`` says what is left out.

    METRIC_COLLECTION_RECORDERS knows it by ``name``. It may be one of durations (`is_timed`), one that
    names nothing but the publisher's (`is_own`), and one that needs the middleware (`sees_requests`).
    """

    name: ClassVar[str]
    coarsened: ClassVar[str]
    is_timed: ClassVar[bool] = False
    is_own: ClassVar[bool] = True
    sees_requests: ClassVar[bool] = False

    campaign: str = field(metadata=TEXT)

    @property
    def description(self) -> str:
        """What it counts, as an operator reads it."""
        return (self.__doc__ or "").partition("\n")[0]


def milliseconds(seconds: float) -> int:
    """Return a duration as it is sent: whole, so that sums of them stay exact."""
    return round(seconds * 1000)


def harmless(watch: Callable[P, None]) -> Callable[P, None]:
    """Return what watches the host and never fails it; what goes wrong is a line at DEBUG, by class alone."""

    @wraps(watch)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            watch(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  anything may be in the host's own objects
            logger.debug("A recorder failed with %s.", type(error).__name__)

    return attempt
