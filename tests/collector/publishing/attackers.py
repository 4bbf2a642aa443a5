"""Two readers of everything published, who know the rules and look for groups of 1 to 9 installations.

A group is certified when what was published allows no other size than 1 to 9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from math import ceil, floor, inf
from typing import Any

import pytest

from metric_collection.collector.publishing.rules import Rules, minor

Interval = tuple[float, float]
HIDDEN = None


@dataclass
class Findings:
    """The attempts of an attacker, and the groups certified."""

    tried: int = 0
    certified: list[tuple[str, float, float]] = field(default_factory=list)

    def judge(self, group: str, low: float, high: float, minimum: int) -> None:
        self.tried += 1
        if low >= 1 and high < minimum:
            self.certified.append((group, low, high))


def interval(published: int, rules: Rules) -> Interval:
    """The counts that are rounded to this number."""
    step = rules.step or rules.minimum
    low = published - step // 2
    return max(low, rules.minimum), low + step - 1


def by_differences(week: dict[str, Any], days: list[dict], rules: Rules) -> Findings:
    """Subtract numbers from those that contain them: one by one, and all of a list, row or column."""
    findings = Findings()
    for name, whole, parts in contained(week, days):
        low, high = interval(whole, rules)
        intervals = [interval(part, rules) for part in parts]
        for part in intervals:
            findings.judge(name, low - part[1], high - part[0], 10)
        findings.judge(
            name,
            low - sum(high for _, high in intervals),
            high - sum(low for low, _ in intervals),
            10,
        )
        for part in [(low, high), *intervals]:
            findings.judge(name, *part, 10)
    return findings


def contained(week: dict[str, Any], days: list[dict]) -> Iterator[tuple[str, int, list[int]]]:
    """Yield every published number with those that count parts of the same installations."""
    total, facts = week["installations"], week["facts"]
    for name, fact in facts.items():
        yield name, total, list(fact["values"].values())
        for value, whole in fact["values"].items():
            parts = [n for v, n in fact["values"].items() if v != value and minor(v) == value]
            if parts:
                yield f"{name} {value}", whole, parts
    rows = next((facts[name]["values"] for name in facts if name.endswith(" Version")), {})
    for name, table in week["pairs"].items():
        for row, cells in table.items():
            yield f"{name} of {row}", rows[row], list(cells.values())
        for column, whole in facts[name]["values"].items():
            parts = [cells[column] for cells in table.values() if column in cells]
            yield f"{name} {column} by version", whole, parts
    for day in days:
        yield "the week but not the day", total, [day["installations"]]
        for name, fact in day["facts"].items():
            yield f"{name} of a day", day["installations"], list(fact["values"].values())


def by_linear_programme(week: dict[str, Any], days: list[dict], rules: Rules) -> Findings:
    """Bound every hidden cell, every hidden rest and every margin by all that a week says at once."""
    linprog = pytest.importorskip("scipy.optimize", reason='needs the extra "attack"').linprog
    programme, findings = Programme(rules), Findings()
    groups = programme.groups_of(week, days)
    for name, group in groups:
        objective = [group.get(at, 0) for at in range(len(programme.bounds))]
        ends = []
        for sign in (1, -1):
            solved = linprog(
                [sign * factor for factor in objective],
                A_eq=programme.matrix or None,
                b_eq=[0] * len(programme.equations) or None,
                bounds=programme.bounds,
                method="highs",
            )
            ends.append(sign * solved.fun if solved.status == 0 else sign * -inf)
        findings.judge(name, ceil(ends[0] - 1e-6), floor(ends[1] + 1e-6), 10)
    return findings


class Programme:
    """Variables with bounds, and sums that are zero."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.bounds: list[Interval | tuple[float, None]] = []
        self.equations: list[dict[int, int]] = []

    @property
    def matrix(self) -> list[list[int]]:
        return [[e.get(at, 0) for at in range(len(self.bounds))] for e in self.equations]

    def variable(self, published: int | None = None) -> int:
        self.bounds.append((0, None) if published is None else interval(published, self.rules))
        return len(self.bounds) - 1

    def adds_up(self, whole: int, parts: list[int]) -> None:
        self.equations.append({whole: -1, **dict.fromkeys(parts, 1)})

    def groups_of(self, week: dict[str, Any], days: list[dict]) -> list[tuple[str, dict[int, int]]]:
        """Describe a week, and return the groups whose size is asked for, as sums of variables."""
        total = self.variable(week["installations"])
        facts = week["facts"]
        groups: list[tuple[str, dict[int, int]]] = []
        rows_of = next((facts[name]["values"] for name in facts if name.endswith(" Version")), {})
        rows = {row: self.variable(n) for row, n in [*rows_of.items(), (HIDDEN, None)]}
        self.adds_up(total, list(rows.values()))
        groups.append(("hidden versions", {rows[HIDDEN]: 1}))
        for name, fact in facts.items():
            if name.endswith(" Version"):
                continue
            table = week["pairs"].get(name, {})
            columns = {c: self.variable(n) for c, n in [*fact["values"].items(), (HIDDEN, None)]}
            self.adds_up(total, list(columns.values()))
            groups.append((f"{name}: hidden values", {columns[HIDDEN]: 1}))
            cells = {
                (row, column): self.variable(table.get(row, {}).get(column))
                for row, column in product(rows, columns)
            }
            blank = {cell for cell in cells if cell[1] not in table.get(cell[0], {})}
            for axis, margins in enumerate((rows, columns)):
                for margin, variable in margins.items():
                    parts = [cell for cell in cells if cell[axis] == margin]
                    self.adds_up(variable, [cells[cell] for cell in parts])
                    rest = {cells[cell]: 1 for cell in parts if cell in blank}
                    groups.append((f"{name}: rest of {margin}", rest))
            groups += [(f"{name}: {cell}", {cells[cell]: 1}) for cell in blank]
        for day in days:
            rest = self.variable()
            self.adds_up(total, [self.variable(day["installations"]), rest])
            groups.append(("the week but not the day", {rest: 1}))
        return groups
