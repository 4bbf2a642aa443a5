"""Time: aware datetimes in UTC from a callable; on the wire, whole seconds since the epoch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


def utc_now() -> datetime:
    """Return the present moment: the real clock."""
    return datetime.now(timezone.utc)


def epoch_seconds(moment: datetime) -> int:
    """Return the whole seconds from the epoch to an aware moment, rounded down."""
    return (moment - EPOCH) // SECOND
