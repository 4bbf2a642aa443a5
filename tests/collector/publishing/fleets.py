"""A simulated fleet: exact counts of its weeks and days, for the rules and their attackers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from metric_collection.collector.publishing.rules import Counts, Fact, Span

PRODUCT = "Acme Version"
VALUES = {
    "os_version": [f"Distribution {number}" for number in range(12)],
    "python": [f"3.{minor}.{patch}" for minor in (11, 12, 13, 14) for patch in (2, 5)],
    "Installation Method": ["docker", "pip", "ansible", "snap", "unspecified"],
}
KINDS = {PRODUCT: "version", "python": "version"}
RELEASES = [f"2.{week // 6}.{week % 3}" for week in range(0, 60, 2)]


def weeks(size: int, length: int, *, seed: int) -> Iterator[tuple[Counts, list[Counts]]]:
    """Yield each week's counts with those of its seven days; every installation upgrades when it likes."""
    chance = random.Random(seed)
    fleet = [installation(chance) for _ in range(size)]
    before: dict[str, Counter] = {name: Counter() for name in VALUES}
    for week in range(length):
        released = week // 2 + 4
        for each in fleet:
            if chance.random() < each["eagerness"]:
                each[PRODUCT] = RELEASES[released - chance.choice((0, 0, 0, 1, 2))]
        fleet[chance.randrange(size)] = installation(chance, RELEASES[released])
        active = [each for each in fleet if chance.random() < 0.97]
        days = [
            counts(Span.DAY, [each for each in active if chance.random() < 0.93], {})
            for _ in range(7)
        ]
        weekly = counts(Span.WEEK, active, before)
        yield weekly, days
        before = {fact.name: Counter(fact.values) for fact in weekly.facts}


def installation(chance: random.Random, version: str = RELEASES[2]) -> dict:
    facts = {
        name: chance.choices(values, [0.55**rank for rank in range(len(values))])[0]
        for name, values in VALUES.items()
        if chance.random() < 0.985
    }
    return {**facts, PRODUCT: version, "eagerness": chance.random() ** 2}


def counts(span: Span, active: list[dict], before: dict[str, Counter]) -> Counts:
    facts = [
        Fact(
            name=name,
            kind=KINDS.get(name, "text"),
            values=Counter(each[name] for each in active if name in each),
            values_before=before.get(name, {}),
            pairs=Counter((each[PRODUCT], each[name]) for each in active if name in each),
        )
        for name in (PRODUCT, *VALUES)
    ]
    return Counts(span=span, installations=len(active), product=PRODUCT, facts=facts)
