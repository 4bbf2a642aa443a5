"""Adds a tally to the tables, inside the transaction of a roll-up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from ..conf import conf
from ..models import Cell, Fact, Hour, Lateness, Pair, Period, Refusal, Span, Spread, Usage
from ..models.sums import add
from .catalog import Facts, Names, Values, chunks
from .days import start_of
from .tally import Tally

PERIOD_SUMS = (
    "installations",
    "heartbeats",
    "upgrades",
    "installs",
    "flagged",
    "opt_outs",
    "late",
    "skewed",
    "repeats",
)


def write(tally: Tally) -> None:
    """Add everything; the sites are locked already."""
    _write_periods(tally)
    refused = _write_facts(tally) + _write_usage(tally)
    counts = tally.refusals + Counter({(tally.today, s, "names"): n for s, n in refused.items()})
    refusals = [Refusal(day=d, site_id=s, reason=r, n=n) for (d, s, r), n in counts.items()]
    add(refusals, unique=["day", "site_id", "reason"], sums=["n"])
    add([Hour(start=start, n=n) for start, n in tally.hours.items()], unique=["start"], sums=["n"])
    lateness = [
        Lateness(site_id=site_id, day=day, days=days, n=n)
        for (site_id, day, days), n in tally.lateness.items()
    ]
    add(lateness, unique=["site_id", "day", "days"], sums=["n"])


def _write_periods(tally: Tally) -> None:
    rows: defaultdict[tuple[int, str, date], dict[str, int]] = defaultdict(dict)
    for (site_id, span, start, column), n in tally.periods.items():
        rows[site_id, span, start][column] = n
    periods = [
        Period(site_id=site_id, span=span, start=start, **columns)
        for (site_id, span, start), columns in rows.items()
    ]
    add(periods, unique=["site", "span", "start"], sums=PERIOD_SUMS, sets=["is_folded"])


def _write_facts(tally: Tally) -> Counter[int]:
    """Add cells and pairs; return how many facts and values were over the limits of each site."""
    facts, values = Facts(tally.today), Values(tally.today)
    facts.load(
        [
            *(
                (key[0], name, False, text)
                for key, found in tally.facts.items()
                for name, text in found
            ),
            *((site_id, name, True, text) for site_id, _, name, text in tally.events),
        ]
    )
    counted = list(_counted(tally, facts))
    values.load((fact, text) for fact, text, *_ in counted)
    cells: Counter[tuple[int, str, date, int]] = Counter()
    for fact, text, span, start, n in counted:
        cells[fact.pk, span, start, values.get(fact, text)] += n
    add(
        [Cell(fact_id=f, span=s, start=d, value_id=v, n=n) for (f, s, d, v), n in cells.items()],
        unique=["fact", "span", "start", "value"],
        sums=["n"],
    )
    _write_pairs(tally, facts, values)
    return facts.refused + values.refused


def _counted(tally: Tally, facts: Facts) -> Iterator[tuple[Fact, str, str, date, int]]:
    """Each value with its period and number, but not those of facts over the limit."""
    for (site_id, day, spans), found in tally.facts.items():
        for (name, text), n in found.items():
            if fact := facts.get(site_id, name):
                for span in spans:
                    yield fact, text, span, start_of(span, day), n
    for (site_id, day, name, text), n in tally.events.items():
        if fact := facts.get(site_id, name, is_built_in=True):
            for span in Span:
                yield fact, text, span, start_of(span, day), n


def _write_pairs(tally: Tally, facts: Facts, values: Values) -> None:
    pairs: Counter[tuple[int, date, int]] = Counter()
    for (site_id, start, (product, version)), found in tally.pairs.items():
        by = facts.get(site_id, product)
        for (name, text), n in found.items():
            fact = facts.get(site_id, name)
            if by and fact and fact != by and _has_pairs(fact):
                pairs[values.get(fact, text), start, values.get(by, version)] += n
    rows = [Pair(value_id=v, start=start, by_id=by, n=n) for (v, start, by), n in pairs.items()]
    add(rows, unique=["value", "start", "by"], sums=["n"])


def _has_pairs(fact: Fact) -> bool:
    return fact.is_public if conf.PAIRS is None else fact.name in conf.PAIRS


def _write_usage(tally: Tally) -> Counter[int]:
    """Add usage; return how many names were over each site's limit."""
    names = Names(tally.today)
    names.load(key[:4] for key in tally.usage)
    rows: dict[tuple[int, date, int], Usage] = {}
    spreads: defaultdict[tuple[int, date, int], Counter[int]] = defaultdict(Counter)
    for (site_id, category, action, name, start, days), used in tally.usage.items():
        key = names.get((site_id, category, action, name)), start, days
        row = rows.setdefault(key, _empty(*key))
        row.installations += used.installations
        row.times += used.times
        row.value_sum += used.value_sum
        row.weighted_sum += used.weighted_sum
        spreads[key] += used.spread
    sums = ["installations", "times", "value_sum", "weighted_sum"]
    unique = ["usage_name", "start", "days"]
    add(list(rows.values()), unique=unique, sums=sums, sets=["is_folded"])
    ids = _usage_ids(rows)
    spread = [
        Spread(usage_id=ids[key], bucket=bucket, installations=n)
        for key, found in spreads.items()
        for bucket, n in found.items()
    ]
    add(spread, unique=["usage", "bucket"], sums=["installations"])
    return names.refused


def _empty(name_id: int, start: date, days: int) -> Usage:
    sums = {"installations": 0, "times": 0, "value_sum": 0.0, "weighted_sum": 0.0}
    return Usage(usage_name_id=name_id, start=start, days=days, **sums)


def _usage_ids(rows: dict[tuple[int, date, int], Usage]) -> dict[tuple[int, date, int], int]:
    """Return the ids of these rows by their keys."""
    found = {}
    starts = {start for _, start, _ in rows}
    for chunk in chunks({name_id for name_id, *_ in rows}):
        usages = Usage.objects.filter(usage_name__in=chunk, start__in=starts)
        for usage in usages.only("pk", "usage_name_id", "start", "days"):
            found[usage.usage_name_id, usage.start, usage.days] = usage.pk
    return found
