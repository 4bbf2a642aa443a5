"""Counting without waiting: a call adds to a journal in memory that outlives its process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .policy import Terms

_sources: list[Callable[[], Terms]] = []
_flushes: list[Callable[[], None]] = []


def connect(source: Callable[[], Terms], flush: Callable[[], None]) -> None:
    """Register where the meter reads its terms on first use, and how its counts get into the database."""
    _sources[:], _flushes[:] = [source], [flush]


def ask() -> Terms | None:
    """Return the terms for counting, or None before Django is set up or without the app."""
    return _sources[0]() if _sources else None


def flush() -> None:
    """Write the counts of this process to the database.

    Does nothing before Django is set up, without the app, or inside a transaction. Never raises:
    if the database cannot be reached, the counts are kept for the next flush.
    """
    if _flushes:
        _flushes[0]()
