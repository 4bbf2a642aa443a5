"""A batch of reports, added up in memory. Nothing here asks the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from ..models import Arrival, Site, Span
from .days import DAY, monday_of, start_of
from .reports import AHEAD, COLUMNS, Measured, Report, read

FactValue: TypeAlias = "tuple[str, str]"  # the fact's name and the text of the value
UsageKey: TypeAlias = "tuple[int, str, str, str | None, date, int]"

ON_TIME = 3  # days after which a report is late
LATENESS = (31, 8, 2, 1, 0)
LONGEST_PERIOD = 3660  # days
MOST_USES = 2**31 - 1  # that every database can store
BUILT_IN = {"Upgrade": "upgraded to", "Install": "installed"}


@dataclass(slots=True)
class Used:
    """The sums over the reports of a batch of one usage name in one period."""

    installations: int = 0
    times: int = 0
    value_sum: float = 0.0
    weighted_sum: float = 0.0
    spread: Counter[int] = field(default_factory=Counter)

    def add(self, measured: list[Measured]) -> None:
        """Add one installation, whose report may carry several rows of the name and period."""
        times = sum(each.times for each in measured)
        self.installations += 1
        self.times += times
        self.value_sum += sum(each.value for each in measured)
        self.weighted_sum += sum(each.value * each.times for each in measured)
        self.spread[bucket_of(times)] += 1


def bucket_of(times: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 … that is not above `times`."""
    times = min(times, MOST_USES)
    power = int("1" + "0" * (len(str(times)) - 1))
    return max(step * power for step in (1, 2, 5) if step * power <= times)


@dataclass(slots=True, kw_only=True)
class Tally:
    """The sums of a batch.

    Facts are gathered by (site, day, spans they count for), so that each report costs one update of a
    Counter; texts are looked at once per batch, when they are written.
    """

    now: datetime
    max_age: timedelta
    sites: Mapping[int, Site]
    periods: Counter[tuple[int, str, date, str]] = field(default_factory=Counter)
    facts: defaultdict[tuple[int, date, frozenset[Span]], Counter[FactValue]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    events: Counter[tuple[int, date, str, str]] = field(default_factory=Counter)
    pairs: defaultdict[tuple[int, date, FactValue], Counter[FactValue]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    usage: defaultdict[UsageKey, Used] = field(default_factory=lambda: defaultdict(Used))
    refusals: Counter[tuple[date, int, str]] = field(default_factory=Counter)
    hours: Counter[datetime] = field(default_factory=Counter)
    lateness: Counter[tuple[int, date, int]] = field(default_factory=Counter)

    @property
    def today(self) -> date:
        return self.now.date()

    def add_repeat(self, arrival: Arrival) -> None:
        self._receive(arrival)
        if arrival.site_id in self.sites:
            self.periods[arrival.site_id, Span.DAY, self.today, "repeats"] += 1

    def add(self, arrival: Arrival) -> None:
        """Count one report that was not counted before."""
        report = read(bytes(arrival.body))
        self._receive(arrival)
        site = self.sites.get(arrival.site_id)
        if site is None:
            self.refusals[self.today, arrival.site_id, "unknown site"] += 1
        elif report.matches(site.exclusions):
            self.refusals[self.today, site.pk, "excluded"] += 1
        elif report.day is not None:
            self._add(site, report, report.day, arrival)

    def _receive(self, arrival: Arrival) -> None:
        hour = arrival.received_at.replace(minute=0, second=0, microsecond=0)
        if arrival.source == Arrival.Source.DOOR:
            self.hours[hour] += 1

    def _add(self, site: Site, report: Report, day: date, arrival: Arrival) -> None:
        if not self.accepts(report):
            self.periods[site.pk, Span.DAY, self.today, "skewed"] += 1
            return
        if arrival.source == Arrival.Source.DOOR and (report.category or report.opts_out):
            self._add_lateness(site.pk, (arrival.received_at.date() - day).days)
        if report.category:
            self._add_facts(site, report, day)
        if report.opts_out:
            self._add_to_periods(site.pk, day, {"opt_outs": 1})
        self._add_usage(site.pk, [each for each in report.usage if self._accepts_period(each)])

    def accepts(self, report: Report) -> bool:
        """Whether an installation with a working clock can send this report now."""
        if report.category or report.opts_out:
            return report.day is not None and self._accepts(report.day)
        return any(map(self._accepts_period, report.usage))

    def _accepts(self, day: date) -> bool:
        """Whether a day is one that an installation with a working clock can report now."""
        return self.today - self.max_age - DAY <= day <= (self.now + AHEAD).date()

    def _accepts_period(self, measured: Measured) -> bool:
        """Whether the end of a period is such a day: a period may be longer than reports are kept."""
        return measured.days <= LONGEST_PERIOD and self._accepts(
            measured.start + measured.days * DAY
        )

    def _add_lateness(self, site_id: int, days: int) -> None:
        step = next(step for step in LATENESS if step <= max(0, days))
        self.lateness[site_id, self.today, step] += 1
        if days > ON_TIME:
            self.periods[site_id, Span.DAY, self.today, "late"] += 1

    def _add_facts(self, site: Site, report: Report, day: date) -> None:
        spans = report.counts_for
        counts = {COLUMNS[report.category]: 1, "flagged": int(report.first_of is not None)}
        self._add_to_periods(site.pk, day, counts)
        for span in spans:
            self.periods[site.pk, span, start_of(span, day), "installations"] += 1
        if spans:
            self.facts[site.pk, day, spans].update(report.facts.items())
        product = report.product(site.product_fact)
        if product is None:
            return
        if built_in := BUILT_IN.get(report.category):
            self.events[site.pk, day, built_in, product[1]] += 1
        if Span.WEEK in spans:
            self.pairs[site.pk, monday_of(day), product].update(report.facts.items())

    def _add_to_periods(self, site_id: int, day: date, counts: Mapping[str, int]) -> None:
        for span in Span.values:
            start = start_of(span, day)
            for column, n in counts.items():
                self.periods[site_id, span, start, column] += n

    def _add_usage(self, site_id: int, usage: list[Measured]) -> None:
        rows: defaultdict[UsageKey, list[Measured]] = defaultdict(list)
        for each in usage:
            key = site_id, each.category, each.action, each.name, each.start, each.days
            rows[key].append(each)
        for key, measured in rows.items():
            self.usage[key].add(measured)
