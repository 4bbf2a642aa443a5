"""The meaning of a body: the day it counts for, its facts, and its usage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

from ..models import Span
from .days import day_of

FLAG = "first_report_of"
WITHDRAWN = "Consent Withdrawn"
VISIT = "Visit"
PRODUCT_ENDING = " Version"
SPANS = {"day": Span.DAY, "week": Span.WEEK, "month": Span.MONTH}
AHEAD = timedelta(hours=26)  # the time zones are 26 hours apart
COLUMNS = {"Heartbeat": "heartbeats", "Upgrade": "upgrades", "Install": "installs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that an installation reports of one usage name in one period."""

    category: str
    action: str
    name: str | None
    start: date
    days: int
    times: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A body, read. `first_of` is None if the report has no flag."""

    day: date | None
    category: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    first_of: frozenset[Span] | None = None
    opts_out: bool = False
    usage: Sequence[Measured] = ()

    @property
    def counts_for(self) -> frozenset[Span]:
        """The spans in which this report makes its installation count.

        An Install never does: its first heartbeat follows within a day. Without the flag an installation
        counts by its heartbeats, a day each.
        """
        if self.category == "Install" or not self.category:
            return frozenset()
        if self.first_of is not None:
            return self.first_of
        return frozenset({Span.DAY}) if self.category == "Heartbeat" else frozenset()

    def product(self, fact: str) -> tuple[str, str] | None:
        """Return the product's version: this fact, or else the first that ends in " Version"."""
        pairs = self.facts.items()
        return next(
            (p for p in pairs if (p[0] == fact if fact else p[0].endswith(PRODUCT_ENDING))), None
        )

    def matches(self, exclusions: Sequence[tuple[str, str]]) -> bool:
        """Whether a site's settings exclude this report."""
        return any(
            fact in self.facts and fnmatchcase(self.facts[fact], pattern)
            for fact, pattern in exclusions
        )


def read(body: bytes) -> Report:
    """Read a body that was decoded at the door."""
    parsed = json.loads(body)
    events, visits = parsed.get("events", ()), parsed.get("visits", ())
    first = next(iter((*events, *visits)), None)
    category = next((e["category"] for e in events if e["category"] in COLUMNS), "")
    # The first event of a name counts: a report states each fact once.
    facts = {
        event["action"]: event["name"]
        for event in reversed(events)
        if event["category"] == category and "name" in event
    }
    facts = dict(reversed(facts.items()))
    flag = facts.pop(FLAG, None)
    rest = [e for e in events if e["category"] not in COLUMNS and e["category"] != WITHDRAWN]
    return Report(
        day=None if first is None else day_of(first["period_start"]),
        category=category,
        facts=facts,
        first_of=None if flag is None else spans_of(flag),
        opts_out=any(event["category"] == WITHDRAWN for event in events),
        usage=[*map(_event, rest), *map(_visit, visits)],
    )


def spans_of(flag: str) -> frozenset[Span]:
    return frozenset(SPANS[word] for word in flag.split() if word in SPANS)


def _event(event: Mapping[str, Any]) -> Measured:
    return _measured(event, event["category"], event["action"], event.get("name"))


def _visit(visit: Mapping[str, Any]) -> Measured:
    return _measured(visit, VISIT, visit["action_name"], None)


def _measured(point: Mapping[str, Any], category: str, action: str, name: str | None) -> Measured:
    start = day_of(point["period_start"])
    length = point["period_end"] - point["period_start"]
    return Measured(
        category=category,
        action=action,
        name=name,
        start=start,
        days=max(0, round(length / 86_400)),
        times=int(point["times"]),
        value=float(point.get("value", 0)),
    )
