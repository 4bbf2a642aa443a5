"""Points as text: what a journal and the database know them by."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from ..cleaninsights.datapoints import DataPoint, Event, Visit
from ..cleaninsights.exceptions import MeasurementError
from ..cleaninsights.payload import TEXT_LIMIT

LONGEST_PATH: Final = 2_000
LARGEST_VALUE: Final = 1e100  # so that no sum of them overflows
SMALLEST_VALUE: Final = -LARGEST_VALUE


def identity_of(point: DataPoint) -> str:
    """Return kind and identity as JSON in ASCII: any database takes it, and any text is in it."""
    if isinstance(point, Event):
        return json.dumps(["event", *point.identity])
    return json.dumps(["visit", point.identity])


def point_of(
    identity: str,
    *,
    campaign_id: str,
    period_start: datetime,
    period_end: datetime,
    times: int,
    value: float | None,
) -> DataPoint:
    """Return the point of an identity that `identity_of` has made."""
    kind, *texts = json.loads(identity)
    place: dict[str, Any] = {
        "campaign_id": campaign_id,
        "period_start": period_start,
        "period_end": period_end,
        "times": times,
    }
    if kind == "visit":
        return Visit(path=tuple(texts[0].split("/")), **place)
    category, action, name = texts
    return Event(category=category, action=action, name=name, value=value, **place)


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
