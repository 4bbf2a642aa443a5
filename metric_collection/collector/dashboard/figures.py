"""The figures of the dashboard and of the public page, from plain numbers: period -> value -> installations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeAlias

from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, ngettext
from packaging.version import InvalidVersion, Version

from ..publishing.rules import minor
from .charts import Bar, Bars, Figure, Lines, Mark, Series, Shares, percentage

Cells: TypeAlias = "Mapping[date, Mapping[str, int]]"

SHOWN = 5  # series in a chart; the rest is added up
LISTED = 12  # bars in a chart
FIRST_SEEN_AT = 10  # installations with which a version counts as released


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Installations by version and value, shaded by each row's shares."""

    anchor: str
    title: str
    says: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, int]]]]  # version, (text, shade from 0 to 5)


def whole(number: float) -> str:
    """Write a number with the separators of the reader's language."""
    return whole_numbers()(number)


def whole_numbers() -> Callable[[float], str]:
    """Return `whole` for the reader's language, for a chart that writes hundreds of numbers."""
    return _whole_numbers(get_language())


@lru_cache(maxsize=128)
def _whole_numbers(_language: str | None) -> Callable[[float], str]:
    @lru_cache(maxsize=8192)  # a page writes every number three times
    def write(number: float) -> str:
        return number_format(number, 0, use_l10n=True, force_grouping=True)

    return write


def day_name(day: date) -> str:
    return _day_name(day, get_language())


@lru_cache(maxsize=4096)
def _day_name(day: date, _language: str | None) -> str:
    return date_format(day, "j M")


def month_name(day: date) -> str:
    return date_format(day, "M Y")


def change(now: float, before: float | None) -> str:
    """Compare with four weeks before, in words; empty without a number to compare with."""
    if not before:
        return ""
    share = now / before - 1
    if abs(share) < 0.005:
        return gettext("as many as four weeks before")
    words = (
        gettext("%(share)s more than four weeks before")
        if share > 0
        else gettext("%(share)s fewer than four weeks before")
    )
    return words % {"share": percentage(abs(share))}


def activity(
    *,
    anchor: str,
    title: str,
    counts: Mapping[date, int | None],
    before: float | None,
    provisional: int = 0,
    marks: Sequence[Mark] = (),
    names: Sequence[str],
    unit: str,
    is_wide: bool = False,
) -> Figure:
    """Draw the number of active installations over time; the newest complete number is put in words."""
    values = list(counts.values())
    complete = values[: len(values) - provisional] or values
    last = next((value for value in reversed(complete) if value is not None), None)
    says = gettext("No installation was counted yet.")
    if last is not None:
        says = ngettext(
            "%(number)s active installation", "%(number)s active installations", last
        ) % {"number": whole(last)}
        says = ", ".join(filter(None, [says, change(last, before)])) + "."
    return Figure(
        anchor=anchor,
        title=title,
        says=says,
        unit=unit,
        is_wide=is_wide,
        chart=Lines(
            points=names,
            series=[Series(name=gettext("installations"), values=values)],
            text=whole_numbers(),
            provisional=provisional,
            marks=marks,
        ),
    )


def versions(cells: Cells, *, provisional: int = 0, unit: str, title: str = "") -> Figure:
    """Draw each version's share over time."""
    series = top_series(cells, is_version=True)
    return Figure(
        anchor="versions",
        title=title or gettext("Versions over time"),
        says=leader(latest_of(without_last(cells, provisional))),
        unit=unit,
        chart=Shares(
            points=[day_name(day) for day in cells],
            series=series,
            text=whole_numbers(),
            provisional=provisional,
        ),
    )


def without_last(cells: Cells, provisional: int) -> Cells:
    """Drop the periods that may still change, unless there are no others."""
    complete = list(cells)[: len(cells) - provisional] or list(cells)
    return {start: cells[start] for start in complete}


def latest_of(cells: Cells) -> Mapping[str, int]:
    """Return the newest period's values."""
    return next((values for values in reversed(list(cells.values())) if values), {})


def leader(values: Mapping[str, int], total: int | None = None) -> str:
    """Say which value most installations have."""
    if not values or not (total := total or sum(values.values())):
        return gettext("Nothing was counted yet.")
    value, n = max(values.items(), key=lambda item: item[1])
    words = {"value": value, "share": percentage(min(1, n / total))}
    return gettext("%(value)s leads with %(share)s of the installations.") % words


def top_series(cells: Cells, *, is_version: bool, absent: int | None = 0) -> list[Series]:
    """Return a series for each of the most frequent values, and one for the rest.

    `absent` stands for a value that a period does not have: none was counted, or None if that is not known.
    """
    totals: Counter[str] = Counter()
    for values in cells.values():
        totals.update(values)
    shown = [value for value, _ in totals.most_common(SHOWN)]
    if is_version:
        shown.sort(key=version_key)
    # A zero between two counts is drawn, a period in which nothing was counted is a gap.
    series = [
        Series(
            name=v, values=[values.get(v, absent) if values else None for values in cells.values()]
        )
        for v in shown
    ]
    if len(totals) > len(shown):
        rest = [
            sum(n for value, n in values.items() if value not in shown) if values else None
            for values in cells.values()
        ]
        series.append(Series(name=gettext("others"), values=rest))
    return series


def first_days(cells: Cells) -> dict[str, date]:
    """Return when each version first had ten installations; none that had them from the beginning."""
    days = list(cells)
    firsts: dict[str, date] = {}
    for day in days:
        for version, n in cells[day].items():
            if n >= FIRST_SEEN_AT:
                firsts.setdefault(version, day)
    first_counted = next((day for day in days if cells[day]), None)
    return {
        version: day
        for version, day in sorted(firsts.items(), key=lambda item: item[1])
        if day != first_counted and is_version(version)
    }


def marks(cells: Cells) -> list[Mark]:
    """Mark the day on which a version first had ten installations."""
    days = list(cells)
    return [Mark(at=days.index(day), name=version) for version, day in first_days(cells).items()]


def adoption(cells: Cells) -> Figure:
    """Draw the shares of the newest versions, each from its first day on."""
    firsts = first_days(cells)
    newest = sorted(firsts, key=version_key)[-SHOWN:]
    days = list(cells)
    curves = {
        version: [
            cells[day].get(version, 0) / sum(cells[day].values())
            for day in days[days.index(firsts[version]) :]
            if cells[day]
        ]
        for version in newest
    }
    length = max(map(len, curves.values()), default=0)
    says = gettext("No version appeared in this time.")
    if newest:
        curve = curves[newest[-1]]
        says = gettext("%(version)s has reached %(share)s after %(days)s days.") % {
            "version": newest[-1],
            "share": percentage(curve[-1]),
            "days": len(curve) - 1,
        }
    return Figure(
        anchor="adoption",
        title=gettext("Adoption of new versions"),
        says=says,
        description=gettext("Day 0 is the first with ten installations of the version."),
        unit=gettext("Day"),
        chart=Lines(
            points=[str(day) for day in range(length)],
            series=[
                Series(name=version, values=[*curve, *[None] * (length - len(curve))])
                for version, curve in curves.items()
            ],
            text=percentage,
            limit=1,
        ),
    )


def at_least(values: Mapping[str, int], *, total: int | None = None) -> Figure:
    """Draw how many installations run each version or a newer one."""
    # Of published numbers, all are rounded: their sum can be more than the total.
    total, reached, bars = max(total or 0, sum(values.values())), 0, []
    for version in sorted(filter(is_version, values), key=version_key, reverse=True):
        reached += values[version]
        behind = gettext("%(number)s run something older.") % {"number": whole(total - reached)}
        bars.append(
            Bar(
                name=gettext("%(version)s or newer") % {"version": version},
                value=reached,
                share=reached / total,
                note=behind,
            )
        )
    says = gettext("Nothing was counted yet.")
    if bars:
        says = gettext("If %(version)s were required, %(share)s would be left behind.") % {
            "version": max(filter(is_version, values), key=version_key),
            "share": percentage(1 - bars[0].share),
        }
    return Figure(
        anchor="at-least",
        title=gettext("At least this version"),
        says=says,
        unit=gettext("Version"),
        chart=Bars(bars=bars[:LISTED], heads=[installations(), share()], text=whole_numbers()),
    )


def values_of(
    *,
    anchor: str,
    title: str,
    description: str,
    now: Mapping[str, int],
    total: int,
    before: Mapping[str, int] | None,
    total_before: int | None = None,
    is_version: bool = False,
) -> Figure:
    """Draw a fact's values as bars, each with its share four weeks before."""
    total_before = total_before or (sum(before.values()) if before else 0)
    order = sorted(now, key=version_key, reverse=True) if is_version else []
    order = order or sorted(now, key=lambda value: (-now[value], value))
    bars = [
        Bar(
            name=value,
            value=now[value],
            share=now[value] / total if total else 0,
            before=before.get(value, 0) / total_before if before and total_before else None,
        )
        for value in order[:LISTED]
    ]
    return Figure(
        anchor=anchor,
        title=title,
        says=leader(now, total),
        description=description,
        unit=gettext("Value"),
        chart=Bars(
            bars=bars,
            heads=[
                installations(),
                share(),
                *([gettext("Share four weeks before")] if before and total_before else []),
            ],
            text=whole_numbers(),
        ),
    )


def trend(
    *,
    anchor: str,
    title: str,
    cells: Cells,
    provisional: int = 0,
    is_version: bool = False,
    absent: int | None = 0,
) -> Figure:
    """Draw the most frequent values of a fact over time."""
    series = top_series(cells, is_version=is_version, absent=absent)
    complete = without_last(cells, provisional)
    return Figure(
        anchor=anchor,
        title=title,
        says=movement(top_series(complete, is_version=is_version, absent=absent)),
        unit=gettext("From"),
        chart=Lines(
            points=[day_name(day) for day in cells],
            series=series,
            text=whole_numbers(),
            provisional=provisional,
        ),
    )


def movement(series: Sequence[Series]) -> str:
    """Say which series has grown most from the first to the last of its values."""
    grown: dict[str, float] = {}
    for each in series:
        if values := [value for value in each.values if value is not None]:
            grown[each.name] = values[-1] - values[0]
    if not grown:
        return gettext("Nothing was counted yet.")
    name, most = max(grown.items(), key=lambda item: item[1])
    if most <= 0:
        return gettext("No value has grown in this time.")
    words = {"value": name, "number": whole(most)}
    return gettext("%(value)s has grown most: by %(number)s installations.") % words


def cross_table(
    *, anchor: str, title: str, pairs: Mapping[tuple[str, str], int], says: str = ""
) -> Table:
    """Lay out installations by version (rows) and value (columns)."""
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (version, value), n in pairs.items():
        rows[version] += n
        columns[value] += n
    shown = [value for value, _ in columns.most_common(LISTED // 2)]
    ordered = sorted(rows, key=version_key, reverse=True)[:LISTED]
    return Table(
        anchor=anchor,
        title=title,
        says=says,
        heads=shown,
        rows=[
            (
                version,
                [shaded(pairs.get((version, value), 0), rows[version]) for value in shown],
            )
            for version in ordered
        ],
    )


def shaded(n: int, total: int) -> tuple[str, int]:
    return (whole(n), min(5, 1 + 5 * n // total)) if n else ("", 0)


def by_minor(values: Mapping[str, int]) -> dict[str, int]:
    """Add up patch levels. Values that are not versions keep their names."""
    minors: Counter[str] = Counter()
    for version, n in values.items():
        minors[minor(version) or version] += n
    return dict(minors)


def is_version(text: str) -> bool:
    return version_key(text)[0]


@lru_cache(maxsize=4096)
def version_key(text: str) -> tuple[bool, Version | None, str]:
    """Sort versions by PEP 440, and everything else before them."""
    try:
        return True, Version(text), text
    except InvalidVersion:
        return False, None, text


def installations() -> str:
    return gettext("Installations")


def share() -> str:
    return gettext("Share")
