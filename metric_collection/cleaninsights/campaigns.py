"""Campaigns: the periods of measurement and the rule of aggregation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from .clock import days
from .datapoints import DataPoint, Event
from .exceptions import ConfigurationError
from .keys import BOOLEAN, MOMENT, Keyed, one_of, whole_number

_EXACT: Final = 2**53  # from here on other SDKs count in floats, and so does JSON


class EventAggregationRule(str, Enum):
    """How the values of one event in one period are aggregated."""

    SUM = "sum"
    AVG = "avg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of time, both ends included."""

    start: datetime
    end: datetime


_DAYS: Final = whole_number("a whole number of days >= 1", 1)
_PERIODS: Final = whole_number("a whole number")
_RULE: Final = one_of(EventAggregationRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Keyed):
    """One campaign of a configuration, with the keys of cleaninsights.json."""

    start: datetime = field(metadata=MOMENT)
    end: datetime = field(metadata=MOMENT)
    aggregation_period_length: int = field(metadata=_DAYS)
    number_of_periods: int = field(metadata=_PERIODS, default=1)
    only_record_once: bool = field(metadata=BOOLEAN, default=False)
    event_aggregation_rule: EventAggregationRule = field(
        metadata=_RULE, default=EventAggregationRule.SUM
    )
    strengthen_anonymity: bool = field(metadata=BOOLEAN, default=False)

    def _check(self) -> None:
        if self.end < self.start:
            expected = f"a moment after the campaign's start, {self.start.isoformat()}"
            raise ConfigurationError("end", self.end.isoformat(), expected)

    @property
    def aggregation_period(self) -> timedelta:
        """The length of a full period."""
        return days(self.aggregation_period_length)

    def is_running(self, now: datetime) -> bool:
        """Whether `now` is between start and end, both included."""
        return self.start <= now <= self.end

    def current_period(self, now: datetime) -> Period | None:
        """Return the period that contains `now`; the last one ends with the campaign."""
        if self.number_of_periods <= 0 or not self.is_running(now):
            return None
        length = self.aggregation_period
        start = self.start + (now - self.start) // length * length
        is_last = self.end - start < length
        return Period(start=start, end=self.end if is_last else start + length)

    def window(self, now: datetime) -> Period | None:
        """Return the window of consent that a grant at `now` opens.

        It is as many whole periods long as the campaign allows and as fit before its end.
        """
        if (current := self.current_period(now)) is None:
            return None
        length = self.aggregation_period
        start = current.end if self.strengthen_anonymity else current.start
        periods = min(self.number_of_periods, (self.end - start) // length)
        return Period(start=start, end=start + periods * length) if periods else None

    def merged(self, row: DataPoint, point: DataPoint) -> DataPoint:
        """Return the row with a point of the same identity and period added by the campaign's rule.

        The mean is weighted by `times`, as in the reference SDK: a measurement without a value does not change
        it, but counts as weight from then on.
        """
        if self.only_record_once:
            return row
        times = row.times + point.times
        if not isinstance(row, Event) or not isinstance(point, Event) or point.value is None:
            return replace(row, times=times)
        old = row.value or 0
        if self.event_aggregation_rule is EventAggregationRule.SUM:
            value = exact(old + point.value)
        else:
            value = (float(old) * row.times + point.value * point.times) / times
        return replace(row, times=times, value=value)


def exact(number: float) -> float:
    """Return the number as JSON readers see it: integers are exact up to 2^53."""
    return number if abs(number) <= _EXACT else float(number)
