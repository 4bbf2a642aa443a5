"""The privacy rules: from the exact counts of a period to its public content. Pure, without Django.

No set of published periods lets a reader conclude that a group of 1 to 9 installations exists. The reasons, in
the order of the code:

- Every number is rounded on its own. Totals that were sums of rounded values, or rounded more finely, would
  confine the groups between two numbers.
- Small values are not shown, and neither is a remainder that would be small: total minus shown values is 0 or
  at least the minimum, in every list, row and column.
- A fact is published for one span only, and versions by minor only: two grains of one fact are a subtraction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from packaging.version import InvalidVersion, Version

VERSION = "version"


class Span(str, Enum):
    DAY = "D"
    WEEK = "W"
    MONTH = "M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A public fact, with the exact number of installations of each value that may be named."""

    name: str
    kind: str
    values: Mapping[str, int]
    values_before: Mapping[str, int] = field(default_factory=dict)  # of the week before
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (product version, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A usage of the campaigns, with the installations by their number of uses (1, 2, 5, 10, ...)."""

    labels: Mapping[str, Any]
    installations: int
    buckets: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """All that was counted in a settled period."""

    span: Span
    installations: int
    new: int = 0
    upgraded: int = 0
    product: str = ""  # the fact with the product's version
    facts: Sequence[Fact] = ()
    usage: Sequence[Usage] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules in force. Only tests switch one off, to show the attack that it prevents."""

    minimum: int = 10
    step: int | None = None  # what numbers are rounded to; defaults to the minimum
    hides_small_rests: bool = True
    hides_patch_levels: bool = True
    waits_a_week: bool = True

    def rounded(self, number: int) -> int | None:
        """Round half up. None below the minimum: such a number is left out, never rounded up."""
        step = self.step or self.minimum
        return None if number < self.minimum else (number + step // 2) // step * step

    def is_small(self, number: int) -> bool:
        return 0 < number < self.minimum


def published(counts: Counts, rules: Rules = Rules()) -> dict[str, Any] | None:
    """Return the content of a publication; None if the period has too few installations."""
    installations = rules.rounded(counts.installations)
    if installations is None:
        return None
    content: dict[str, Any] = {"installations": installations}
    if counts.span == Span.MONTH:
        return {**content, "usage": list(usages(counts.usage, rules))}
    # Fifteen daily facts that move together are one installation's vector: days have one fact.
    facts = [f for f in counts.facts if counts.span == Span.WEEK or f.name == counts.product]
    shown = {fact.name: shown_values(fact, counts.installations, rules) for fact in facts}
    content["facts"] = {
        fact.name: {"kind": fact.kind, "values": rounded(shown[fact.name], rules)}
        for fact in facts
        if shown[fact.name]
    }
    if counts.span == Span.WEEK:
        events = {"new": rules.rounded(counts.new), "upgraded": rules.rounded(counts.upgraded)}
        content |= {name: number for name, number in events.items() if number is not None}
        tables = {
            fact.name: cross_table(fact, shown.get(counts.product, {}), shown[fact.name], rules)
            for fact in facts
            if fact.name != counts.product
        }
        content["pairs"] = {name: table for name, table in tables.items() if table}
    return content


def shown_values(fact: Fact, installations: int, rules: Rules) -> dict[str, int]:
    """Return the values that are shown, most frequent first, with their exact counts."""
    counts = grouped(fact.kind, fact.values.items(), rules)
    shown = {value: n for value, n in counts.items() if n >= rules.minimum}
    if fact.kind != VERSION and rules.waits_a_week:
        # Ten forged reports would otherwise put their text on the page the same week.
        shown = {v: n for v, n in shown.items() if fact.values_before.get(v, 0) >= rules.minimum}
    return without_small_rest(shown, installations, rules)


def without_small_rest(shown: Mapping[str, int], total: int, rules: Rules) -> dict[str, int]:
    """Drop the smallest values while the total minus the shown ones is 1 to 9 installations."""
    rest, kept = total - sum(shown.values()), by_frequency(shown)
    while kept and rules.hides_small_rests and rules.is_small(rest):
        rest += kept.pop()[1]
    return dict(kept)


def cross_table(
    fact: Fact, minors: Mapping[str, int], values: Mapping[str, int], rules: Rules
) -> dict[str, dict[str, int]]:
    """Return minor -> value -> rounded installations, without the cells that would give away a small rest."""
    cells: Counter[tuple[str, str]] = Counter()
    for (version, value), n in fact.pairs.items():
        for row in group(VERSION, version, rules):
            for column in group(fact.kind, value, rules):
                if row in minors and column in values:
                    cells[row, column] += n
    shown = {cell: n for cell, n in cells.items() if n >= rules.minimum}
    while rules.hides_small_rests and (cell := betraying_cell(shown, minors, values, rules)):
        del shown[cell]
    table: dict[str, dict[str, int]] = {}
    for (row, column), n in by_frequency(shown):
        table.setdefault(row, {})[column] = rules.rounded(n) or 0
    return {row: table[row] for row in minors if row in table}


def betraying_cell(
    shown: Mapping[tuple[str, str], int],
    rows: Mapping[str, int],
    columns: Mapping[str, int],
    rules: Rules,
) -> tuple[str, str] | None:
    """Return the smallest shown cell of a row or column whose hidden rest is small; None if there is none."""
    for axis, margins in enumerate((rows, columns)):
        rests = Counter(margins)
        for cell, n in shown.items():
            rests[cell[axis]] -= n
        small = {name for name, rest in rests.items() if rules.is_small(rest)}
        if cells := [cell for cell in shown if cell[axis] in small]:
            return min(cells, key=lambda cell: (shown[cell], cell))
    return None


def usages(usage: Iterable[Usage], rules: Rules) -> Iterable[dict[str, Any]]:
    """Yield usage by enough installations. No sums and no means: one installation can move them."""
    for each in usage:
        installations = rules.rounded(each.installations)
        if installations is not None:
            buckets = {str(b): n for b, n in each.buckets.items() if n >= rules.minimum}
            shown = without_small_rest(buckets, each.installations, rules)
            yield {
                **each.labels,
                "installations": installations,
                "median": median_bucket(each.buckets),
                "buckets": rounded(shown, rules),
            }


def median_bucket(buckets: Mapping[int, int]) -> int | None:
    """Return the bucket of the installation in the middle, from the exact counts."""
    middle = sum(buckets.values()) / 2
    for bucket in sorted(buckets):
        middle -= buckets[bucket]
        if middle <= 0:
            return bucket
    return None


def grouped(kind: str, counts: Iterable[tuple[str, int]], rules: Rules) -> Counter[str]:
    """Add up the counts of the values that are published as one."""
    total: Counter[str] = Counter()
    for value, n in counts:
        for name in group(kind, value, rules):
            total[name] += n
    return total


def group(kind: str, value: str, rules: Rules) -> Collection[str]:
    """Return the name under which a value is published: a version's minor. Empty: under none."""
    if kind != VERSION or not rules.hides_patch_levels:
        return (value,)
    name = minor(value)
    return (name,) if name else ()


@lru_cache(maxsize=4096)  # a page asks for the same few versions thousands of times
def minor(version: str) -> str | None:
    """Return ``2.4`` for ``2.4.1``, and None if it is not a version (PEP 440)."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return None
    return f"{parsed.major}.{parsed.minor}"


def rounded(shown: Mapping[str, int], rules: Rules) -> dict[str, int]:
    return {value: rules.rounded(n) or 0 for value, n in shown.items()}


def by_frequency(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
