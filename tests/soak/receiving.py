"""``python -m tests.soak collector``: a fleet posts to the real endpoint for a quarter of virtual time.

One request in twenty fails, the collector is away for a day, and one day brings forged reports from 200
networks. 100,000 installations take more than an hour: each report passes the endpoint and the roll-up.
"""

# ruff: noqa: PLC0415  what needs Django to be set up is imported late

from __future__ import annotations

import argparse
import heapq
import json
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from metric_collection.cleaninsights.backoff import retry_delay
from tests.benchmarks.collector.project import set_up
from tests.benchmarks.collector.reports import PRODUCT, facts_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from metric_collection.collector.models import Publication

BEGIN = datetime(2027, 3, 1, tzinfo=timezone.utc)  # a Monday
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DRAINING = timedelta(hours=8)  # after an outage, in which reports are counted every minute
FAULTS = 0.05
OFF = 0.03  # of the days of an installation
RESTARTS = 0.1  # a day, each with one more report
CRON = 0.2  # of the installations report from cron, at a full hour
BORN = 0.002  # new installations a day, of the fleet
RELEASE_EVERY = 21  # days
OUTAGE = timedelta(hours=6), timedelta(hours=30)  # of the day on which it begins
FORGED_NETWORKS = 200
FORGED = {PRODUCT: "9.9.9", "os_version": "forged"}
TIMEOUT, MAX_RETRY_DELAY = 8.0, 3600.0  # seconds, as the client's defaults
WARM_UP = 28  # days: later than these come outage and flood, because holding needs four weeks


def monday_of(day: date) -> date:
    return day - day.weekday() * DAY


@dataclass(slots=True, kw_only=True)
class Installation:
    """Its facts, its network, and when it reports: seconds after midnight."""

    facts: dict[str, str]
    network: str
    phase: float
    lag: int  # days after a release on which it upgrades
    reported: date | None = None
    seen: date | None = None  # active, whether or not a report says so

    def first_of(self, today: date) -> str:
        """The periods of which a report of today is the first, as the client states them."""
        from metric_collection.collector.demo import first_of

        last, self.reported = self.reported, today
        return first_of(last, today)


@dataclass(slots=True, kw_only=True)
class Sealed:
    """A report on its way."""

    body: bytes
    key: str
    network: str
    failures: int = 0
    met_outage: bool = False


@dataclass(slots=True)
class Fleet:
    """Installations, and the truth about them, independent of the collector."""

    chance: random.Random
    installations: list[Installation] = field(default_factory=list)
    sealed: int = 0
    active: Counter[tuple[str, date]] = field(default_factory=Counter)

    def grow(self, number: int) -> list[Installation]:
        grown = [self._installation() for _ in range(number)]
        self.installations += grown
        return grown

    def _installation(self) -> Installation:
        chance = self.chance
        phase = chance.random() * 86_400
        return Installation(
            facts={**facts_of(chance), PRODUCT: "2.0.0"},
            network=f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
            phase=phase // 3600 * 3600 if chance.random() < CRON else phase,
            lag=min(RELEASE_EVERY - 1, int(chance.expovariate(0.2))),
        )

    def day(self, number: int) -> Iterator[tuple[datetime, Sealed]]:
        """Yield the reports of a day, and note who was active."""
        midnight = BEGIN + number * DAY
        release, age = divmod(number, RELEASE_EVERY)
        grown = self.grow(int(len(self.installations) * BORN + self.chance.random()))
        for each in grown:
            each.facts[PRODUCT] = f"2.{release}.0"
        new = {id(each) for each in grown}
        for each in self.installations:
            if self.chance.random() < OFF:
                continue
            self._note_active(each, midnight.date())
            moments = self._moments(each, number, release, age, is_new=id(each) in new)
            for second, category in sorted(moments):
                at = midnight + timedelta(seconds=second)
                yield at, self._seal(each, category, at)

    def _note_active(self, each: Installation, today: date) -> None:
        last, each.seen = each.seen, today
        self.active["day", today] += 1
        self.active["week", monday_of(today)] += last is None or monday_of(last) != monday_of(today)

    def _moments(
        self, each: Installation, number: int, release: int, age: int, *, is_new: bool
    ) -> Iterator[tuple[float, str]]:
        if is_new:
            installed = self.chance.random() * 86_400
            yield installed, "Install"
            if each.phase > installed:
                yield each.phase, "Heartbeat"
            return
        yield each.phase, "Heartbeat"
        if number and age == each.lag:
            each.facts[PRODUCT] = f"2.{release}.0"
            yield self.chance.random() * 86_400, "Upgrade"
        if self.chance.random() < RESTARTS:
            yield self.chance.random() * 86_400, "Heartbeat"

    def _seal(self, each: Installation, category: str, at: datetime) -> Sealed:
        self.sealed += 1
        first_of = "nothing" if category == "Install" else each.first_of(at.date())
        body = body_of({**each.facts, "first_report_of": first_of}, category, at)
        return Sealed(body=body, key=f"{self.sealed}", network=each.network)


def body_of(facts: dict[str, str], category: str, at: datetime) -> bytes:
    start = int(at.timestamp()) // 3600 * 3600
    period = {"value": 1, "times": 1, "period_start": start, "period_end": start}
    events = [{"category": category, "action": a, "name": n, **period} for a, n in facts.items()]
    return json.dumps({"idsite": 5, "events": events}).encode()


class Simulation:
    """Posts reports to the endpoint in the order of time, and retries failed ones."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        from metric_collection.collector.door.views import Door

        self.chance = random.Random(chosen.seed)
        self.days = chosen.days
        self.outage = tuple(BEGIN + chosen.outage_on * DAY + edge for edge in OUTAGE)
        self.flood_on = WARM_UP + 10
        self.flood_each = chosen.flood
        self.now = BEGIN
        self.door = Door(clock=lambda: self.now, timer=self._seconds)
        self.fleet = Fleet(self.chance)
        self.fleet.grow(chosen.installations)
        self.queue: list[tuple[datetime, int, Sealed]] = []
        self.ids = count()
        self.posts, self.faults, self.forged = 0, 0, Counter()
        self.hours: Counter[int] = Counter()
        self.refused_since_outage = 0
        self.drained: Counter[int] = (
            Counter()
        )  # accepted after the outage, by minutes since its end

    def _seconds(self) -> float:
        return self.now.timestamp()

    def live(self) -> None:
        """Live for so many days, and three more in which nothing new is sealed."""
        for number in range(self.days + 3):
            if number < self.days:
                for at, sealed in self.fleet.day(number):
                    heapq.heappush(self.queue, (at, next(self.ids), sealed))
            for hour in range(24):
                begin = BEGIN + number * DAY + hour * HOUR
                if number == self.flood_on:
                    self._flood(begin)
                back = self.outage[1]
                step = MINUTE if back <= begin < back + DRAINING else HOUR
                for part in range(HOUR // step):
                    self._live_until(begin + (part + 1) * step)
            self._daily()

    def _live_until(self, end: datetime) -> None:
        """Post what is due in one transaction, for the sake of slow disks, and count it."""
        from metric_collection.collector.counting import rollup
        from metric_collection.collector.models import Arrival
        from metric_collection.collector.models.rows import atomic

        with atomic(Arrival):
            while self.queue and self.queue[0][0] < end:
                self.now, _, sealed = heapq.heappop(self.queue)
                self._post(sealed)
        self.now = end - timedelta(seconds=1)
        rollup.roll_up(lambda: self.now, seconds=float("inf"))

    def _daily(self) -> None:
        from metric_collection.collector.counting import forgetting, settling
        from metric_collection.collector.publishing.publications import publish

        forgetting.forget(self.now)
        settling.settle(self.now.date())
        publish(self.now)

    def _post(self, sealed: Sealed) -> None:
        """Post once; a fault loses the request, or the answer after the report was stored."""
        self.posts += 1
        self.hours[int((self.now - BEGIN) / HOUR)] += 1
        begun, ended = self.outage
        away = begun <= self.now < ended
        sealed.met_outage |= away
        is_fault = self.chance.random() < FAULTS
        self.faults += is_fault
        asked, status = 0.0, 0
        if not away and (not is_fault or self.chance.random() < 0.5):
            response = self._ask(sealed.body, sealed.key, sealed.network)
            asked = float(response.get("Retry-After", 0))
            status = 0 if is_fault else response.status_code
        if status == 204:
            if sealed.met_outage:
                self.drained[int((self.now - ended).total_seconds() // 60)] += 1
            return
        self.refused_since_outage += status == 503
        if 400 <= status < 500 and status != 429:
            raise RuntimeError(f"An honest report was refused with {status}.")
        sealed.failures += 1
        delay = retry_delay(
            sealed.failures,
            timeout=TIMEOUT,
            max_retry_delay=MAX_RETRY_DELAY,
            jitter=self.chance.random(),
        )
        again = self.now + timedelta(seconds=max(delay, asked))
        heapq.heappush(self.queue, (again, next(self.ids), sealed))

    def _flood(self, begin: datetime) -> None:
        """Forged reports of this hour's share, each flagged as the first of its periods."""
        from metric_collection.collector.models import Arrival
        from metric_collection.collector.models.rows import atomic

        hour = begin.hour
        share = self.flood_each * (hour + 1) // 24 - self.flood_each * hour // 24
        self.now = begin + HOUR / 2
        body = body_of({**FORGED, "first_report_of": "day week month"}, "Heartbeat", self.now)
        with atomic(Arrival):
            for network in range(FORGED_NETWORKS):
                for _ in range(share):
                    address = f"198.{18 + network // 256}.{network % 256}.1"
                    key = f"forged {next(self.ids)}"
                    self.forged[self._ask(body, key, address).status_code] += 1

    def _ask(self, body: bytes, key: str, address: str) -> HttpResponse:
        from metric_collection.collector.door.posting import request_of

        return self.door(request_of(body, key=key, address=address))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The collector's counts and publications beside the truth."""

    sealed: int
    counted: int
    queued: int
    posts: int
    faults: int
    forged: dict[int, int]
    worst_day: tuple[date, int, int]  # the day, counted, true
    held: int
    published: int
    harmed: list[str]
    busiest: float
    drained: Counter[int]
    refused_since_outage: int

    @classmethod
    def of(cls, simulation: Simulation) -> Verdict:
        from metric_collection.collector.models import Period, Publication, Span

        fleet, flood_day = simulation.fleet, (BEGIN + simulation.flood_on * DAY).date()
        days = Period.objects.filter(span=Span.DAY)
        counted = sum(p.heartbeats + p.upgrades + p.installs for p in days)
        honest = {p.start: p.installations for p in days if p.start != flood_day}
        errors = [
            (day, honest.get(day, 0), true)
            for (span, day), true in fleet.active.items()
            if span == "day" and day != flood_day
        ]
        publications = list(Publication.objects.all())
        usual = simulation.posts / (24 * simulation.days)
        return cls(
            sealed=fleet.sealed,
            counted=counted - simulation.forged[204],
            queued=len(simulation.queue),
            posts=simulation.posts,
            faults=simulation.faults,
            forged=dict(simulation.forged),
            worst_day=max(errors, key=lambda each: abs(each[1] - each[2]) / each[2]),
            held=sum(json.loads(each.body)["unusual"] is not None for each in publications)
            + Period.objects.filter(state=Period.State.HELD).count(),
            published=len(publications),
            harmed=[*harmed(fleet, publications)],
            busiest=max(simulation.hours.values()) / usual,
            drained=simulation.drained,
            refused_since_outage=simulation.refused_since_outage,
        )

    @property
    def error(self) -> float:
        _, counted, true = self.worst_day
        return abs(counted - true) / true

    def is_good(self) -> bool:
        _, counted, true = self.worst_day
        is_exact = self.error <= 0.005 or abs(counted - true) <= 2  # of a small fleet one is 0.5 %
        return self.sealed == self.counted and not self.queued and is_exact and not self.harmed

    def lines(self) -> Iterator[str]:
        day, counted, true = self.worst_day
        yield f"reports sealed: {self.sealed}; counted: {self.counted}; still queued: {self.queued}"
        yield f"requests: {self.posts}; failed: {self.faults}; busiest hour: {self.busiest:.1f} x mean"
        if self.drained:
            yield (
                f"queued by the outage: {self.drained.total()}; answered 503 after it:"
                f" {self.refused_since_outage}; the last arrived {max(self.drained)} minutes after it,"
                f" {max(self.drained.values()) / 60:.0f} a second in the busiest minute"
            )
        yield f"largest error of daily actives: {self.error:.2%} ({day}: {counted} of {true})"
        yield f"forged reports by answer: {self.forged}"
        yield f"published: {self.published}; held or marked as unusual: {self.held}"
        yield f"published wrong and unmarked: {', '.join(self.harmed) or 'none'}"


def harmed(fleet: Fleet, publications: Sequence[Publication]) -> Iterator[str]:
    """Yield the publications whose total is wrong, or that show the forged text, without a mark."""
    for each in publications:
        content = json.loads(each.body)
        if "forged" in each.body:
            yield f"{content['span']} {content['first']} (forged text)"
        true = fleet.active.get((content["span"], date.fromisoformat(content["first"])))
        if content["unusual"] or not true:
            continue
        if abs(content["installations"] - true) > 5 + 0.02 * true:
            yield f"{content['span']} {content['first']} ({content['installations']} of {true})"


def main(arguments: Sequence[str]) -> int:
    """Exit with 1 if a report was lost or counted twice, or a number is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak collector", description=__doc__)
    add = parser.add_argument
    add("--installations", type=int, default=300)
    add("--days", type=int, default=91)
    add("--flood", type=int, default=24, help="forged reports of each of the 200 networks")
    add("--outage-on", type=int, default=WARM_UP + 1, help="day at which an outage of a day begins")
    add("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    with TemporaryDirectory(prefix="soak-") as folder:
        set_up(Path(folder))
        logging.getLogger("metric_collection").setLevel(logging.ERROR)
        random.seed(chosen.seed)
        from metric_collection.collector.counting import dictionary
        from metric_collection.collector.models import Site

        site = Site.objects.create(id=5, name="Acme", slug="acme", is_public=True)
        facts = [{"name": PRODUCT, "kind": "version"}, {"name": "os_version"}]
        dictionary.load(site, {"facts": facts}, public=True)
        simulation = Simulation(chosen)
        simulation.live()
        verdict = Verdict.of(simulation)
    seconds = f"{time.monotonic() - began:.0f} s"
    sys.stdout.write("\n".join([*verdict.lines(), seconds, ""]))
    return 0 if verdict.is_good() else 1
