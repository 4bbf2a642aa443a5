"""Days, ISO weeks and months, all UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from ..models import Span

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def day_of(seconds: float) -> date:
    """Return the UTC day of a moment on the wire."""
    return datetime.fromtimestamp(seconds, timezone.utc).date()


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def start_of(span: str, day: date) -> date:
    """Return the first day of the period that this day belongs to."""
    if span == Span.DAY:
        return day
    return monday_of(day) if span == Span.WEEK else day.replace(day=1)


def end_of(span: str, start: date) -> date:
    """Return the first day after the period."""
    if span == Span.DAY:
        return start + DAY
    if span == Span.WEEK:
        return start + WEEK
    return (start + timedelta(days=31)).replace(day=1)
