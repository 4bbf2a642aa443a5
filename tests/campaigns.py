"""Campaigns as the tests declare them."""

from __future__ import annotations

DAILY = {
    "title": "Search",
    "purpose": "To know whether search is used.",
    "start": "2026-01-01T00:00:00Z",
    "end": "2027-01-01T00:00:00Z",
    "aggregationPeriodLength": 1,
    "numberOfPeriods": 10,
}
# For what goes by the real clock.
ALWAYS = {"start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z", "numberOfPeriods": 29_000}


def daily(**changes: object) -> dict[str, object]:
    """A campaign of daily periods that runs all through 2026."""
    return {**DAILY, **changes}
