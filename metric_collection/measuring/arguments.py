"""Points as text: what a journal and the database know them by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from ..cleaninsights.exceptions import MeasurementError
from ..cleaninsights.payload import TEXT_LIMIT

LONGEST_PATH: Final = 2_000
LARGEST_VALUE: Final = 1e100  # so that no sum of them overflows
SMALLEST_VALUE: Final = -LARGEST_VALUE


def text(found: object, *, may_be_empty: bool = False) -> str:
    """Return as much of a text as is sent, or raise MeasurementError."""
    if isinstance(found, str) and (found or may_be_empty):
        return str(found[:TEXT_LIMIT])
    raise MeasurementError(f"{found!r} is no text, or an empty one")


def path_of(found: Iterable[str]) -> tuple[str, ...]:
    """Return the parts of a visit's path, or raise MeasurementError."""
    try:
        parts = (found,) if isinstance(found, str) else tuple(found)
        length = len("/".join(parts))
    except TypeError:
        length = 0
    if 0 < length <= LONGEST_PATH:
        return parts
    raise MeasurementError(f"{found!r} is no path of 1 to {LONGEST_PATH} characters")


def number(found: Any) -> float:
    """Return a value that can be summed up, or raise MeasurementError."""
    try:
        value = float(found) if not isinstance(found, str) else math.nan
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if abs(value) <= LARGEST_VALUE:
        return value
    raise MeasurementError(f"{found!r} is no number up to {LARGEST_VALUE:g}")
