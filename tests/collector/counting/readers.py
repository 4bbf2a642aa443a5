"""A reader of the database who looks for the facts of one installation.

A vector is a set of (fact, value), at most one value of each fact, that can only belong to one installation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

Row = tuple[int, int, int, int]  # a mark (row id or xmin), fact, value, n
Vector = frozenset[tuple[int, int]]


def by_transaction(rows: Iterable[Row]) -> list[Vector]:
    """The rows that one transaction wrote last, where each is of another fact: one report touched them."""
    groups: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for mark, fact, value, _ in rows:
        groups[mark].append((fact, value))
    return vectors(groups.values())


def by_row_id(rows: Iterable[Row]) -> list[Vector]:
    """Single counts in a run of row ids: they were inserted together, in the order of their facts."""
    run, batch = 0, {}
    before = (0, 0)
    for at, (_, fact, value, _) in enumerate(ordered := sorted(rows)):
        run += (fact, value) < before
        before = fact, value
        batch[at] = run
    runs = groupby(enumerate(ordered), key=lambda item: batch[item[0]])
    return vectors(
        [(fact, value) for _, (_, fact, value, n) in items if n == 1] for _, items in runs
    )


def by_pattern(days: Iterable[tuple[str, int, int, int]]) -> list[Vector]:
    """Values of single counts that appear on the same days, and not on the others."""
    rows = list(days)
    seen: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    for day, fact, value, n in rows:
        if n == 1:
            seen[fact, value].add(day)
    all_days = {day for day, *_ in rows}
    patterns: defaultdict[frozenset[str], list[tuple[int, int]]] = defaultdict(list)
    for pair, pattern in seen.items():
        if 1 < len(pattern) < len(all_days):
            patterns[frozenset(pattern)].append(pair)
    return vectors(patterns.values())


def vectors(groups: Iterable[list[tuple[int, int]]]) -> list[Vector]:
    """The groups of at least two facts with one value each."""
    return [
        frozenset(group)
        for group in groups
        if len(group) > 1 and len({fact for fact, _ in group}) == len(group)
    ]
