"""Time: aware datetimes in UTC from a callable; whole seconds since the epoch on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Final, TypeAlias

Clock: TypeAlias = Callable[[], datetime]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND: Final = timedelta(seconds=1)

_ALL_DAYS: Final = 3_652_058  # from datetime.min to datetime.max


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(timezone.utc)


def epoch_seconds(moment: datetime) -> int:
    """Return the whole seconds from the epoch to an aware moment, rounded down."""
    return (moment - EPOCH) // SECOND


def days(number: float) -> timedelta:
    """Return a timedelta of days, capped at the range of datetime."""
    return timedelta(days=min(number, _ALL_DAYS))
