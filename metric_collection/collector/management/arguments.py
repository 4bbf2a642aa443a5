"""What the arguments of ``manage.py metric_collector`` may be."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import date


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day, such as 2026-11-26") from None


def at_most(largest: int) -> Callable[[str], int]:
    """Accept a whole number from 1."""

    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= largest:
            raise ArgumentTypeError(f"{text!r} is not a number from 1 to {largest}")
        return int(text)

    return number
