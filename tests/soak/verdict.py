"""The outcome of a simulation: which reports arrived, how often, and how evenly over the hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, variance
from typing import TYPE_CHECKING

from .collector import Collector

if TYPE_CHECKING:
    from metric_collection.models import Report

    from .fleet import Fleet

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATE = timedelta(minutes=1)
EVEN = 1.5  # of the variance in terms of the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Numbers of installations, reports and requests; the last two say how uneven the load was.

    `peak` is the busiest hour in terms of the mean one. A thousand installations make 0.7 requests a minute:
    chance alone puts four or five into some minute, so that no minute can say what an hour of 42 does.
    What minutes do say is `chance`, the variance of their requests in terms of the mean: 1 is what pure
    chance makes of it, and a fleet in step makes a multiple. Installs are in neither: they are sent when
    somebody installs.
    """

    installations: int
    sealed: int
    taken_once: int
    taken_again: int
    altered: int
    lost: int
    waiting: int
    irregular: int
    requests: int
    faults: dict[str, int]
    peak: float
    chance: float

    @classmethod
    def of(cls, fleet: Fleet, collector: Collector, *, begin: datetime) -> Verdict:
        lives = list(fleet.reports())
        sealed = {str(report.key): report for life in lives for report in life}
        waiting = {key for key, report in sealed.items() if report.state == "queued"}
        bodies: dict[str, set[bytes]] = {}
        for key, body in collector.taken:
            bodies.setdefault(key, set()).add(body)
        beats = [
            moment - begin for moment, key in fleet.posted if sealed[key].category == "Heartbeat"
        ]
        steady = [moment for moment in beats if moment >= DAY]  # by then all have begun
        return cls(
            installations=len(lives),
            sealed=len(sealed),
            taken_once=len(bodies),
            taken_again=len(collector.taken) - len(bodies),
            altered=sum(found != {sealed[key].body.encode()} for key, found in bodies.items()),
            lost=len(sealed.keys() - bodies.keys() - waiting),
            waiting=len(waiting),
            irregular=sum(not is_regular(life, until=fleet.clock()) for life in lives),
            requests=len(fleet.posted),
            faults=collector.faults,
            peak=peak(steady),
            chance=dispersion(steady),
        )

    def is_good(self, most: float) -> bool:
        """Whether all arrived, each in its own words, regularly, and without a rush hour."""
        bad = self.altered + self.lost + self.irregular
        return self.taken_once > 0 and not bad and self.peak < most and self.chance < EVEN

    def lines(self) -> Iterator[str]:
        """The figures for a person."""
        yield f"{self.installations} installations, {self.sealed} reports sealed, {self.requests} requests"
        yield "faults: " + ", ".join(f"{name} {count}" for name, count in self.faults.items())
        yield (
            f"taken, by key: {self.taken_once}; repeated with the same bytes: {self.taken_again};"
            f" altered: {self.altered}; lost: {self.lost}; still waiting: {self.waiting}"
        )
        yield f"installations without one Install and a heartbeat every 24 hours: {self.irregular}"
        yield f"busiest hour / mean: {self.peak:.2f}; variance / mean of a minute: {self.chance:.2f}"


def is_regular(life: Sequence[Report], *, until: datetime) -> bool:
    """Whether an installation has reported one Install, and from its first day on a heartbeat every 24 hours."""
    install, *beats = life
    if install.category != "Install" or {beat.category for beat in beats} != {"Heartbeat"}:
        return False
    first, *spans = [
        after - before
        for before, after in pairwise([*(report.sealed_at for report in life), until])
    ]
    *spans, last = spans
    return max(first, last) < DAY + LATE and all(DAY <= span < DAY + LATE for span in spans)


def peak(moments: Sequence[timedelta]) -> float:
    """The most requests in an hour, in terms of the mean."""
    counts = per(HOUR, moments)
    return max(counts) / mean(counts) if counts else 0


def dispersion(moments: Sequence[timedelta]) -> float:
    """The variance of the requests in a minute, in terms of their mean."""
    counts = per(timedelta(minutes=1), moments)
    return variance(counts) / mean(counts) if counts else 0


def per(span: timedelta, moments: Sequence[timedelta]) -> list[int]:
    """How many fall into each span, from the first to the last."""
    counts = Counter(moment // span for moment in moments)
    return [counts[number] for number in range(min(counts), max(counts) + 1)] if counts else []
