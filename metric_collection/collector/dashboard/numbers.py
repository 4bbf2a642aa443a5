"""The counted numbers of a site in a range of days, read from the tables in a constant number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from django.db.models import Q

from ..counting.days import DAY, WEEK, end_of, monday_of
from ..counting.settling import AFTER
from ..models import Cell, Fact, Pair, Period, Site, Span, Spread, Usage, Value
from ..publishing.rules import median_bucket, minor

FOUR_WEEKS = 4 * WEEK
MONTHS_SHOWN = 12
PRODUCT_ENDING = " Version"

ByPeriod: TypeAlias = "dict[date, dict[str, int]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """The counts of a usage in one period of its campaign."""

    usage: Usage
    median: int | None  # uses of the installation in the middle, as the lower end of its bucket

    @property
    def times_each(self) -> float:
        return self.usage.times / self.usage.installations


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Everything the dashboard shows. With a version (a minor), only installations that run it."""

    site: Site
    today: date
    since: date
    until: date
    version: str
    facts: Sequence[Fact]
    product: Fact | None
    events: Mapping[str, Fact]  # the built-in facts
    fact_span: Span  # of the numbers of facts
    periods: Mapping[tuple[str, date], Period]
    cells: Mapping[
        tuple[int, str], ByPeriod
    ]  # fact and span -> first day -> value -> installations
    pairs: Mapping[int, Mapping[date, Counter[tuple[str, str]]]]  # fact -> week -> (minor, value)
    usage: Sequence[Used]

    @property
    def days(self) -> list[date]:
        """The days of the range, from the first one with a number."""
        return self._from_first(
            [self.since + n * DAY for n in range((self.until - self.since).days + 1)], Span.DAY
        )

    @property
    def weeks(self) -> list[date]:
        """The Mondays of the weeks in the range."""
        monday = monday_of(self.since)
        count = (self.until - monday).days // 7 + 1
        return self._from_first([monday + n * WEEK for n in range(count)], Span.WEEK)

    @property
    def months(self) -> list[date]:
        """The first days of the last twelve months."""
        index = self.until.year * 12 + self.until.month - 1
        starts = [date(n // 12, n % 12 + 1, 1) for n in range(index - MONTHS_SHOWN + 1, index + 1)]
        return self._from_first(starts, Span.MONTH)

    def _from_first(self, starts: Sequence[date], span: str) -> list[date]:
        first = next((at for at, start in enumerate(starts) if (span, start) in self.periods), None)
        return list(starts[first:]) if first is not None else []

    def open(self, starts: Iterable[date], span: str) -> int:
        """Return how many of these periods may still change."""
        return sum(end_of(span, start) + AFTER > self.today for start in starts)

    def installations(self, span: str, starts: Iterable[date]) -> dict[date, int | None]:
        """Return the active installations; None where nothing was received."""
        return {start: self._installations(span, start) for start in starts}

    def _installations(self, span: str, start: date) -> int | None:
        if self.version:
            values = self.product_cells(span).get(start)
            return sum(values.values()) if values else None
        period = self.periods.get((span, start))
        return period.active if period else None

    def product_cells(self, span: str) -> ByPeriod:
        return self.cells_of(self.product, span) if self.product else {}

    def cells_of(self, fact: Fact, span: str) -> ByPeriod:
        """Return the values of a fact by period."""
        if not self.version:
            return self.cells.get((fact.pk, span), {})
        if fact.is_built_in or fact == self.product:
            cells = self.cells.get((fact.pk, span), {})
            return {
                start: {v: n for v, n in values.items() if minor(v) == self.version}
                for start, values in cells.items()
            }
        return {
            week: {value: n for (version, value), n in pairs.items() if version == self.version}
            for week, pairs in self.pairs.get(fact.pk, {}).items()
        }

    def series(self, fact: Fact | None, span: str, starts: Iterable[date]) -> ByPeriod:
        """Return the values for each of these periods, an empty dictionary where there are none."""
        cells = self.cells_of(fact, span) if fact else {}
        return {start: cells.get(start, {}) for start in starts}

    def total(self, column: str, starts: Iterable[date]) -> int:
        """Add up a column of the days' rows."""
        rows = (self.periods.get((Span.DAY, start)) for start in starts)
        return sum(getattr(row, column) for row in rows if row)

    @property
    def is_exact(self) -> bool:
        """Whether all reports of the range said whether they were the first of their period."""
        return all(
            period.is_exact
            for (span, start), period in self.periods.items()
            if span == Span.DAY and self.since <= start <= self.until
        )


def read(site: Site, *, since: date, until: date, today: date, version: str = "") -> Numbers:
    """Read it all: seven queries."""
    facts = list(site.facts.all())
    reported = [fact for fact in facts if not fact.is_built_in]
    product = product_of(site, reported)
    # The values of four weeks before are shown beside the newest.
    early = monday_of(min(since, until - 2 * FOUR_WEEKS - WEEK))
    found = periods(site, early, until)
    # Without the flag in the reports there are no weeks: facts are then shown by day.
    has_weeks = any(period.installations for (span, _), period in found.items() if span != Span.DAY)
    day_facts = [fact.pk for fact in facts if fact == product or fact.is_built_in or not has_weeks]
    weeks = settled_weeks(found)
    return Numbers(
        site=site,
        today=today,
        since=since,
        until=until,
        version=version,
        facts=reported,
        product=product,
        events={fact.name: fact for fact in facts if fact.is_built_in},
        fact_span=Span.WEEK if has_weeks else Span.DAY,
        periods=found,
        cells=cells([fact.pk for fact in facts], day_facts, early, until),
        pairs=pairs(product, weeks if version else weeks[-1:]),
        usage=list(usage(site, since, until)),
    )


def product_of(site: Site, facts: Sequence[Fact]) -> Fact | None:
    """Return the fact with the product's version."""
    return next(
        (
            fact
            for fact in facts
            if (
                fact.name == site.product_fact
                if site.product_fact
                else fact.name.endswith(PRODUCT_ENDING)
            )
        ),
        None,
    )


def periods(site: Site, early: date, until: date) -> dict[tuple[str, date], Period]:
    months_from = date(until.year - 1, until.month, 1)
    found = site.periods.filter(
        Q(start__gte=early) | Q(span=Span.MONTH, start__gte=months_from), start__lte=until
    )
    return {(period.span, period.start): period for period in found}


def cells(
    facts: Sequence[int], day_facts: Sequence[int], early: date, until: date
) -> dict[tuple[int, str], ByPeriod]:
    """Read weeks of all facts, and days of those that are shown by day."""
    found: defaultdict[tuple[int, str], ByPeriod] = defaultdict(lambda: defaultdict(dict))
    rows = Cell.objects.filter(
        Q(fact__in=facts, span=Span.WEEK) | Q(fact__in=day_facts, span=Span.DAY),
        start__range=(early, until),
    ).values_list("fact_id", "span", "start", "value__role", "value__text", "n")
    for fact, span, start, role, text, n in rows:
        values, name = found[fact, span][start], name_of(role, text)
        values[name] = values.get(name, 0) + n  # a text may be "(other)" as well
    return found


def pairs(
    product: Fact | None, weeks: Iterable[date]
) -> dict[int, dict[date, Counter[tuple[str, str]]]]:
    """Read facts by version in these weeks."""
    found: dict[int, dict[date, Counter[tuple[str, str]]]] = {}
    rows = Pair.objects.filter(by__fact=product, start__in=list(weeks)).values_list(
        "value__fact_id", "start", "by__role", "by__text", "value__role", "value__text", "n"
    )
    for fact, start, by_role, by_text, role, text, n in rows:
        version = name_of(by_role, by_text)
        week = found.setdefault(fact, {}).setdefault(start, Counter())
        week[minor(version) or version, name_of(role, text)] += n
    return found


def settled_weeks(found: Mapping[tuple[str, date], Period]) -> list[date]:
    """Return the weeks that are settled: the pairs of open ones are exact, which is too much even for staff."""
    return sorted(
        start
        for (span, start), period in found.items()
        if span == Span.WEEK and period.state != Period.State.OPEN
    )


def usage(site: Site, since: date, until: date) -> Iterable[Used]:
    """Return the newest period of each usage, the most frequent first."""
    rows = (
        Usage.objects.filter(usage_name__site=site, start__range=(since - FOUR_WEEKS, until))
        .select_related("usage_name")
        .order_by("start")
    )
    newest = {row.usage_name_id: row for row in rows}
    spread: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for each in Spread.objects.filter(usage__in=[row.pk for row in newest.values()]):
        spread[each.usage_id][each.bucket] = each.installations
    for row in sorted(newest.values(), key=lambda row: (-row.installations, str(row.usage_name))):
        yield Used(usage=row, median=median_bucket(spread[row.pk]))


def name_of(role: str, text: str) -> str:
    """Return how a value is shown: the three that stand for many have names of their own."""
    return text if role == Value.Role.NAMED else str(Value.Role(role).label)
