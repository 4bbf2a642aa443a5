"""Counted rows of a small fleet, written directly: quick, and the same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

from metric_collection.collector.counting.days import DAY, WEEK, end_of, monday_of, start_of
from metric_collection.collector.models import (
    Cell,
    Fact,
    Hour,
    Pair,
    Period,
    Site,
    Span,
    Spread,
    Usage,
    UsageName,
    Value,
    digest,
)

TODAY = date(2026, 11, 26)
LONG_AGO = date(2026, 1, 1)
NOW = datetime(2026, 11, 26, 9, 30, tzinfo=timezone.utc)
VERSIONS = ["2.3.0", "2.3.1", "2.4.0"]
SYSTEMS = ["Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04 LTS", "Alpine Linux v3.20"]
PARTS = [0.6, 0.3, 0.1]


def grow(
    *,
    site_id: int = 5,
    name: str = "Acme",
    size: int = 100,
    days: int = 100,
    facts: int = 1,
    grows: bool = False,
) -> Site:
    """Write a site with so many installations, days until today and facts beside its version."""
    site = Site.objects.create(id=site_id, name=name, slug=name.lower())
    product = fact(site, f"{name} Version", "version", position=0)
    others = [fact(site, f"fact {n}" if n else "os_version", "text", n + 1) for n in range(facts)]
    upgraded = fact(site, "upgraded to", "version", 99, is_built_in=True, is_declared=False)
    versions = [value(product, text) for text in VERSIONS]
    systems = {each.pk: [value(each, text) for text in SYSTEMS] for each in others}
    upgrade = value(upgraded, "2.4.0")
    starts = {(span, start_of(span, TODAY - n * DAY)) for n in range(days) for span in Span.values}
    periods, cells, pairs = [], [], []
    for span, start in sorted(starts):
        active = size_at(start, size) if grows else size
        periods.append(period(site, span, start, active))
        for version, n in zip(versions, shares(active, start, days), strict=True):
            cells.append(Cell(fact=product, value=version, span=span, start=start, n=n))
            if span == Span.WEEK:
                pairs += [
                    Pair(start=start, value=system, by=version, n=int(n * part))
                    for each in systems.values()
                    for system, part in zip(each, PARTS, strict=True)
                ]
        cells.append(Cell(fact=upgraded, value=upgrade, span=span, start=start, n=4))
        for each in others:
            for system, part in zip(systems[each.pk], PARTS, strict=True):
                cells.append(
                    Cell(fact=each, value=system, span=span, start=start, n=int(active * part))
                )
    Period.objects.bulk_create(periods)
    Cell.objects.bulk_create([cell for cell in cells if cell.n])
    Pair.objects.bulk_create([pair for pair in pairs if pair.n])
    Hour.objects.bulk_create(hours(size), ignore_conflicts=True)
    use(site, size)
    return site


def period(site: Site, span: str, start: date, size: int) -> Period:
    is_open = end_of(span, start) + timedelta(days=3) > TODAY
    number = (end_of(span, start) - start).days
    return Period(
        site=site,
        span=span,
        start=start,
        installations=size,
        heartbeats=size * number,
        flagged=(size + 5) * number,
        installs=number,
        upgrades=4 * number,
        opt_outs=number if span != Span.DAY else 0,
        state=Period.State.OPEN if is_open else Period.State.SETTLED,
        is_folded=not is_open,
    )


def size_at(start: date, size: int) -> int:
    """A fleet that grows by a third in a hundred days, with fewer installations on weekends."""
    age = (TODAY - start).days
    ripple = (age * 37 % 11 - 5) / 400 - (0.03 if start.weekday() > 4 else 0)
    return int(size * (1 - age / 300 + ripple))


def shares(size: int, start: date, days: int) -> Iterator[int]:
    """2.4.0 appears in the middle of the time, and replaces the older ones."""
    age = max(0, days // 2 - (TODAY - start).days)
    new = min(size, size * age * 2 // days)
    yield (size - new) * 2 // 5
    yield size - new - (size - new) * 2 // 5
    yield new


def hours(size: int) -> list[Hour]:
    this = NOW.replace(minute=0)
    return [Hour(start=this - timedelta(hours=n), n=size // 24 + n % 3) for n in range(24 * 30)]


def use(site: Site, size: int) -> None:
    name = UsageName.objects.create(
        site=site,
        category="export",
        action="csv",
        has_name=False,
        digest=digest("x"),
        first_seen=TODAY,
    )
    usage = Usage.objects.create(
        usage_name=name,
        start=monday_of(TODAY) - WEEK,
        days=7,
        installations=size // 2,
        times=size * 2,
        value_sum=0,
        weighted_sum=0,
    )
    Spread.objects.create(usage=usage, bucket=2, installations=size // 2)


def fact(site: Site, name: str, kind: str, position: int, **fields) -> Fact:
    fields = {"is_declared": True, "description": f"The {name}.", **fields}
    return Fact.objects.create(
        site=site, name=name, kind=kind, digest=digest(name), position=position, **fields
    )


def value(fact: Fact, text: str) -> Value:
    return Value.objects.create(
        fact=fact,
        text=text,
        digest=digest(text),
        first_seen=TODAY,
        last_seen=TODAY,
        qualified_on=LONG_AGO,
    )
