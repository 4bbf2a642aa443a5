"""The staff's dashboard of a site: its numbers as tiles, figures and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from django.utils.translation import gettext

from ..counting.days import DAY
from ..models import Fact, Span
from . import figures
from .charts import Figure, Lines, Series, Sparkline, percentage
from .figures import Table, whole, whole_numbers
from .numbers import FOUR_WEEKS, Numbers, Used


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number at a glance."""

    title: str
    text: str
    note: str = ""
    line: Sparkline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSection:
    """A fact with its figures; without any where it is not counted by version."""

    fact: Fact
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the dashboard."""

    numbers: Numbers
    tiles: Sequence[Tile]
    activity: Sequence[Figure]
    versions: Sequence[Figure]
    changes: Sequence[Figure]
    facts: Sequence[FactSection]
    tables: Sequence[Table]
    usage: Sequence[Used]
    undeclared: Sequence[Fact]
    minors: Sequence[str]

    @property
    def is_empty(self) -> bool:
        return not self.numbers.periods


def page(numbers: Numbers) -> Page:
    """Lay out the numbers."""
    sections = list(facts(numbers))
    return Page(
        numbers=numbers,
        tiles=list(tiles(numbers)),
        activity=list(activity(numbers)),
        versions=list(versions(numbers)),
        changes=list(changes(numbers)),
        facts=sections,
        tables=list(tables(numbers)),
        usage=numbers.usage,
        undeclared=[fact for fact in numbers.facts if not fact.is_declared],
        minors=minors(numbers),
    )


def tiles(numbers: Numbers) -> Iterator[Tile]:
    days = numbers.days
    complete = days[: len(days) - numbers.open(days, Span.DAY)] or days
    active = numbers.installations(Span.DAY, days)
    now, before = typical(numbers, complete), typical_before(numbers, complete)
    yield Tile(
        title=gettext("Active installations"),
        text=whole(now) if now is not None else "0",
        note=figures.change(now, before) if now is not None else "",
        line=Sparkline(values=list(active.values())) if days else None,
    )
    for span, starts, title in (
        (Span.WEEK, numbers.weeks, gettext("In the last whole week")),
        (Span.MONTH, numbers.months, gettext("In the last whole month")),
    ):
        whole_ones = [start for start in starts if not numbers.open([start], span)]
        counts = numbers.installations(span, whole_ones)
        last = next((n for n in reversed(list(counts.values())) if n is not None), None)
        if last is not None:
            line = Sparkline(values=list(counts.values()))
            yield Tile(title=title, text=whole(last), line=line)
    latest = figures.by_minor(
        figures.latest_of(numbers.series(numbers.product, Span.DAY, complete))
    )
    if known := list(filter(figures.is_version, latest)):
        newest = max(known, key=figures.version_key)
        yield Tile(
            title=gettext("On the newest version"),
            text=percentage(latest[newest] / sum(latest.values())),
            note=newest,
        )
    if not numbers.version:
        yield from event_tiles(numbers)


def event_tiles(numbers: Numbers) -> Iterator[Tile]:
    """Count the events of the last 28 days, and those of the 28 days before."""
    last = [numbers.until - n * DAY for n in range(28)]
    before = [day - FOUR_WEEKS for day in last]
    for title, column in (
        (gettext("New installations"), "installs"),
        (gettext("Upgrades"), "upgrades"),
        (gettext("Opt-outs"), "opt_outs"),
    ):
        n, earlier = numbers.total(column, last), numbers.total(column, before)
        note = figures.change(n, earlier) or gettext("in the last four weeks")
        yield Tile(title=title, text=whole(n), note=note)


def typical(numbers: Numbers, days: Sequence[date]) -> float | None:
    """Return the median of the last seven of these days: one odd day does not move it."""
    counts = numbers.installations(Span.DAY, days[-7:]).values()
    known = [n for n in counts if n is not None]
    return median(known) if known else None


def typical_before(numbers: Numbers, days: Sequence[date]) -> float | None:
    return typical(numbers, [day - FOUR_WEEKS for day in days])


def activity(numbers: Numbers) -> Iterator[Figure]:
    """Yield active installations by day, week and month."""
    days, weeks, months = numbers.days, numbers.weeks, numbers.months
    by_day = {
        day: figures.by_minor(v)
        for day, v in numbers.series(numbers.product, Span.DAY, days).items()
    }
    open_days = numbers.open(days, Span.DAY)
    yield figures.activity(
        anchor="by-day",
        title=gettext("Active installations by day"),
        counts=numbers.installations(Span.DAY, days),
        before=before(numbers, Span.DAY, days[: len(days) - open_days]),
        provisional=open_days,
        marks=figures.marks(by_day) if not numbers.version else (),
        names=[figures.day_name(day) for day in days],
        unit=gettext("Day"),
        is_wide=True,
    )
    open_weeks = numbers.open(weeks, Span.WEEK)
    yield figures.activity(
        anchor="by-week",
        title=gettext("Active installations by week"),
        counts=numbers.installations(Span.WEEK, weeks),
        before=before(numbers, Span.WEEK, weeks[: len(weeks) - open_weeks]),
        provisional=open_weeks,
        names=[figures.day_name(week) for week in weeks],
        unit=gettext("Week from"),
    )
    if not numbers.version:
        yield figures.activity(
            anchor="by-month",
            title=gettext("Active installations by month"),
            counts=numbers.installations(Span.MONTH, months),
            before=None,
            provisional=numbers.open(months, Span.MONTH),
            names=[figures.month_name(month) for month in months],
            unit=gettext("Month"),
        )


def before(numbers: Numbers, span: Span, complete: Sequence[date]) -> int | None:
    """Return the number four weeks before the last complete period."""
    if not complete:
        return None
    start = complete[-1] - FOUR_WEEKS
    return numbers.installations(span, [start])[start]


def versions(numbers: Numbers) -> Iterator[Figure]:
    """Yield versions by minor; with a version chosen, its patch levels."""
    days = numbers.days
    open_days = numbers.open(days, Span.DAY)
    exact = numbers.series(numbers.product, Span.DAY, days)
    by_minor = {day: figures.by_minor(values) for day, values in exact.items()}
    latest = figures.latest_of(figures.without_last(exact, open_days))
    yield figures.versions(
        exact if numbers.version else by_minor, provisional=open_days, unit=gettext("Day")
    )
    if not numbers.version:
        yield figures.adoption(figures.without_last(by_minor, open_days))
        yield figures.at_least(figures.by_minor(latest))
    yield figures.values_of(
        anchor="patch-levels",
        title=gettext("Versions in full"),
        description="",
        now=latest,
        total=sum(latest.values()),
        before=four_weeks_before(numbers, numbers.product, Span.DAY, days),
        is_version=True,
    )


def four_weeks_before(
    numbers: Numbers, fact: Fact | None, span: Span, starts: Sequence[date]
) -> dict[str, int]:
    """Return a fact's values four weeks before the newest of these periods that has any."""
    cells = numbers.cells_of(fact, span) if fact else {}
    last = next((start for start in reversed(starts) if cells.get(start)), None)
    return cells.get(last - FOUR_WEEKS, {}) if last else {}


def changes(numbers: Numbers) -> Iterator[Figure]:
    """Yield new installations, upgrades and opt-outs by week."""
    weeks = numbers.weeks
    open_weeks = numbers.open(weeks, Span.WEEK)
    names = [figures.day_name(week) for week in weeks]
    if not numbers.version:
        columns = {
            "installs": gettext("new"),
            "upgrades": gettext("upgraded"),
            "opt_outs": gettext("opted out"),
        }
        series = [
            Series(name=name, values=[event_count(numbers, column, week) for week in weeks])
            for column, name in columns.items()
        ]
        yield Figure(
            anchor="changes",
            title=gettext("New, upgraded and opted out, by week"),
            says=gettext(
                "In the last four weeks: %(new)s new, %(upgraded)s upgraded, %(out)s opted out."
            )
            % {
                key: whole(numbers.total(column, last_days(numbers)))
                for key, column in EVENTS.items()
            },
            unit=gettext("Week from"),
            chart=Lines(points=names, series=series, text=whole_numbers(), provisional=open_weeks),
        )
    if upgraded := numbers.events.get("upgraded to"):
        cells = numbers.series(upgraded, Span.WEEK, weeks)
        by_minor = {week: figures.by_minor(values) for week, values in cells.items()}
        yield figures.trend(
            anchor="upgrades",
            title=gettext("Upgrades to each version, by week"),
            cells=cells if numbers.version else by_minor,
            provisional=open_weeks,
            is_version=True,
        )


EVENTS = {"new": "installs", "upgraded": "upgrades", "out": "opt_outs"}


def last_days(numbers: Numbers) -> list[date]:
    return [numbers.until - n * DAY for n in range(28)]


def event_count(numbers: Numbers, column: str, week: date) -> int | None:
    period = numbers.periods.get((Span.WEEK, week))
    return getattr(period, column) if period else None


def facts(numbers: Numbers) -> Iterator[FactSection]:
    """Yield each fact's values, with their trend."""
    span = numbers.fact_span
    starts = numbers.weeks if span == Span.WEEK else numbers.days
    for fact in numbers.facts:
        if fact == numbers.product:
            continue
        cells = numbers.series(fact, span, starts)
        last = next(
            (
                start
                for start in reversed(starts)
                if cells[start] and not numbers.open([start], span)
            ),
            None,
        )
        last = last or next((start for start in reversed(starts) if cells[start]), None)
        if last is None:
            yield FactSection(fact=fact, figures=[])
            continue
        earlier = last - FOUR_WEEKS
        totals = numbers.installations(span, [last, earlier])
        is_version = fact.kind == Fact.Kind.VERSION
        yield FactSection(
            fact=fact,
            figures=[
                figures.values_of(
                    anchor=f"fact-{fact.pk}",
                    title=fact.name,
                    description=fact.description,
                    now=cells[last],
                    total=max(totals[last] or 0, sum(cells[last].values())),
                    before=numbers.cells_of(fact, span).get(earlier, {}),
                    total_before=totals[earlier] or 0,
                    is_version=is_version,
                ),
                figures.trend(
                    anchor=f"trend-{fact.pk}",
                    title=gettext("%(fact)s over time") % {"fact": fact.name},
                    cells=cells,
                    provisional=numbers.open(starts, span),
                    is_version=is_version,
                ),
            ],
        )


def tables(numbers: Numbers) -> Iterator[Table]:
    """Yield the facts by version, of the newest settled week."""
    for fact in numbers.facts:
        weeks = numbers.pairs.get(fact.pk)
        if not weeks or fact == numbers.product:
            continue
        week = max(weeks)
        found = weeks[week]
        if numbers.version:
            found = Counter({pair: n for pair, n in found.items() if pair[0] == numbers.version})
        yield figures.cross_table(
            anchor=f"table-{fact.pk}",
            title=gettext("%(fact)s by version") % {"fact": fact.name},
            pairs=found,
            says=gettext("Installations in the week from %(day)s.")
            % {"day": figures.day_name(week)},
        )


def minors(numbers: Numbers) -> list[str]:
    """Return the versions to choose from, newest first."""
    found: set[str] = set()
    product = numbers.product
    cells = numbers.cells.get((product.pk, Span.DAY), {}) if product else {}
    for values in cells.values():
        found |= {name for name in figures.by_minor(values) if figures.is_version(name)}
    return sorted(found, key=figures.version_key, reverse=True)
