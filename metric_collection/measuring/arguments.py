"""The arguments of `measure_*`, checked once: everything behind the meter relies on them.

Arguments of exact built-in types run no code of the host here. What other objects raise while they
are read becomes MeasurementError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from ..cleaninsights.exceptions import MeasurementError
from ..cleaninsights.payload import TEXT_LIMIT

LONGEST_PATH: Final = 2_000
LARGEST_VALUE: Final = 1e100  # so that no sum of them overflows
SMALLEST_VALUE: Final = -LARGEST_VALUE
PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_UP_TO_LIMIT: Final = slice(TEXT_LIMIT)
T = TypeVar("T")


def text(found: object, *, may_be_empty: bool = False) -> str:
    """Return a string, cut to the length that is sent, or raise MeasurementError."""
    if isinstance(found, str):
        # Of a subclass, str's own method: neither its code runs nor is the whole of it kept.
        cut = str.__getitem__(found, _UP_TO_LIMIT)
        if cut or may_be_empty:
            return cut
    raise MeasurementError(f"{shown(found)} is not a string, or an empty one")


def path_of(found: Iterable[str]) -> tuple[str, ...]:
    """Return the parts of a visit's path, or raise MeasurementError."""
    parts = (found,) if isinstance(found, str) else read(tuple, found)
    try:
        length = len("/".join(parts))
    except TypeError:
        length = 0
    if 0 < length <= LONGEST_PATH:
        return parts
    raise MeasurementError(f"{shown(found)} is not a path of 1 to {LONGEST_PATH} characters")


def number(found: Any) -> float:
    """Return a value that can be summed up, or raise MeasurementError."""
    value = math.nan if isinstance(found, str) else read(float, found)
    if abs(value) <= LARGEST_VALUE:
        return value
    raise MeasurementError(f"{shown(found)} is not a number up to {LARGEST_VALUE:g}")


def read(convert: Callable[[Any], T], found: Any) -> T:
    """Convert an argument, or raise MeasurementError."""
    expected: tuple[type[Exception], ...] = (Exception,)
    if are_plain(found):
        expected = TypeError, ValueError, OverflowError
    try:
        return convert(found)
    except expected as error:
        raise MeasurementError(f"{shown(found)} cannot be read: {type(error).__name__}") from None


def are_plain(*arguments: object) -> bool:
    """Whether none of these objects can raise anything of its own when it is looked at.

    An exception that interrupts a call with such arguments comes from elsewhere, such as Celery's
    SoftTimeLimitExceeded from a signal handler. It belongs to the host and must reach it.
    """
    return all(
        type(argument) in PLAIN or (type(argument) in {list, tuple} and are_plain(*argument))  # type: ignore[misc]
        for argument in arguments
    )


def shown(found: object) -> str:
    """Return the repr for a message, cut; of other types than the plain ones, only the type."""
    return repr(found)[:80] if type(found) in PLAIN else f"a {type(found).__name__}"
