"""Whether a report is the first of its day, week or month: how a collector counts active installations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from ..conf.values import FIRST_REPORT_OF
from .probe import Fact

NOTHING: Final = "nothing"


class FirstReport:
    """Reports whether this is the first report of the day, week or month."""

    facts = (
        Fact(
            name=FIRST_REPORT_OF,
            description="Whether this is the installation's first report of the UTC day, ISO week or month."
            " It says “nothing” if there was an earlier report that day, and in the report of the"
            " installation itself.",
            example="day week",
            purpose="To count active installations without identifying any.",
        ),
    )

    def gather(self) -> Mapping[str, object]:
        """Return a placeholder: the value is known when a report is sealed."""
        return {FIRST_REPORT_OF: NOTHING}


def first_report_of(last: date | None, today: date) -> str:
    """Return the value for a report of today; `last` is the day of the last report, None before any.

    A `last` of tomorrow is not ahead: two machines of one installation may disagree by some minutes.
    """
    if last is None:
        return "day week month"
    has_gone_back = last > today + timedelta(days=1)  # the clock, after the last report
    if not (last < today or has_gone_back):
        return NOTHING
    week = today.isocalendar()[:2] != last.isocalendar()[:2]
    month = (today.year, today.month) != (last.year, last.month)
    return "day" + " week" * week + " month" * month
