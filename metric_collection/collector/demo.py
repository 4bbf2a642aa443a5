"""A simulated fleet, whose reports come through the real door: something to look at before the first release.

The clock of the door is the simulated one, so every report is counted on its day, settles, and is forgotten
as if it had been received then.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from .counting import dictionary, rollup, settling
from .counting.days import DAY, monday_of
from .door.posting import request_of
from .door.views import Door
from .models import Arrival, Site
from .models.rows import atomic

CAMPAIGN_DAYS = 7
MONTHS_OF_RELEASES = 6
RELEASE_EVERY = 19  # days
SYSTEMS = {
    "Debian GNU/Linux 12 (bookworm)": 34,
    "Ubuntu 24.04 LTS": 27,
    "Ubuntu 22.04 LTS": 14,
    "Debian GNU/Linux 13 (trixie)": 11,
    "Alpine Linux v3.20": 8,
    "Rocky Linux 9.5": 4,
    "openSUSE Leap 15.6": 2,
}
KERNELS = {"6.1.0": 38, "6.8.0": 27, "5.15.0": 14, "6.12.0": 13, "6.6.0": 8}
METHODS = {"docker": 56, "pip": 22, "ansible": 15, "unspecified": 7}
PYTHONS = {"3.12": 41, "3.11": 33, "3.13": 16, "3.10": 10}
DATABASES = {"PostgreSQL": 61, "SQLite": 24, "MariaDB": 15}
USERS = {"1-9": 46, "10-99": 37, "100-999": 14, "1000-9999": 3}
FEATURES = {
    ("export", "csv"): 0.5,
    ("export", "pdf"): 0.22,
    ("search", "full text"): 0.7,
    ("api", "call"): 0.35,
}
DESCRIPTIONS = {
    "os_version": (
        "Operating system and release.",
        "Which systems we test on.",
        "Ubuntu 24.04 LTS",
    ),
    "kernel_version": (
        "Version of the Linux kernel.",
        "Which kernel features we can use.",
        "6.1.0",
    ),
    "python_version": ("Version of Python.", "When an old version can be dropped.", "3.12"),
    "Installation Method": ("How it was installed.", "Which ways we document.", "docker"),
    "database": ("Database in use.", "Which databases we tune for.", "PostgreSQL"),
    "users": ("Number of users, as a range.", "How large installations are.", "10-99"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    version: str
    day: date


@dataclass(slots=True, kw_only=True)
class Installation:
    """One simulated installation: its facts, its network, and the day of its last report."""

    born: date
    dies: date | None
    facts: Mapping[str, str]
    network: str
    lag: float  # days until it installs a release; large for one that hardly ever does
    version: str = ""
    reported: date | None = None

    def first_of(self, today: date) -> str:
        """Return the spans of which a report of today is the first, as the client states it."""
        last, self.reported = self.reported, today
        return first_of(last, today)


@dataclass(kw_only=True)
class Fleet:
    """Installations of one product over some months until today."""

    site: Site
    installations: int
    days: int
    now: datetime
    seed: int = 1
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311
        self.moment = self.now
        self.door = Door(clock=lambda: self.moment, timer=lambda: 0.0)
        self.fact = self.site.product_fact or f"{self.site.name} Version"
        self.first_day = self.now.date() - self.days * DAY
        self.releases = list(self._releases())
        self.fleet = [self._installation() for _ in range(self.installations)]

    def live(self) -> Iterator[date]:
        """Let all days pass; yields each day once it is counted."""
        dictionary.load(self.site, self._dictionary(), public=True)
        for number in range(self.days + 1):
            day = self.first_day + number * DAY
            self.moment = midnight_of(day)
            # In one transaction: nobody else sees reports that seem to wait for months, or counts them
            # by today's clock.
            with atomic(Arrival):
                for installation in self.fleet:
                    self._live(installation, day)
                self.moment = min(self.now, midnight_of(day + DAY) - timedelta(seconds=1))
                own = Arrival.objects.waiting().filter(
                    site_id=self.site.pk, received_at__lte=self.moment
                )
                rollup.count(list(own), self.moment)
            settling.settle(day)
            yield day

    def _releases(self) -> Iterator[Release]:
        """A minor release every three, patch releases between; the oldest are older than the fleet."""
        day = self.first_day - MONTHS_OF_RELEASES * 30 * DAY
        minor, patch = 1, 0
        while day <= self.now.date():
            yield Release(version=f"2.{minor}.{patch}", day=day)
            minor, patch = (minor, patch + 1) if patch < 2 else (minor + 1, 0)
            day += self.random.randint(RELEASE_EVERY - 7, RELEASE_EVERY + 7) * DAY

    def _installation(self) -> Installation:
        pick, chance = self._pick, self.random.random
        is_old = chance() < 0.6
        born = self.first_day - DAY if is_old else self.first_day + int(chance() * self.days) * DAY
        dies = born + int(chance() * 2 * self.days) * DAY if chance() < 0.12 else None
        facts = {
            "os_version": pick(SYSTEMS),
            "kernel_version": pick(KERNELS),
            "python_version": pick(PYTHONS),
            "Installation Method": pick(METHODS),
            "database": pick(DATABASES),
            "users": pick(USERS),
        }
        network = f"10.{self.random.randrange(256)}.{self.random.randrange(256)}.7"
        lag = self.random.lognormvariate(2.3, 1.1)
        return Installation(born=born, dies=dies, facts=facts, network=network, lag=lag)

    def _dictionary(self) -> dict[str, Any]:
        version = (f"Version of {self.site.name}.", "Which versions we support.", "2.4.1")
        return {
            "facts": [
                {"name": name, "description": description, "purpose": purpose, "example": example}
                for name, (description, purpose, example) in {
                    self.fact: version,
                    **DESCRIPTIONS,
                }.items()
            ]
        }

    def _pick(self, shares: Mapping[str, int]) -> str:
        return self.random.choices(list(shares), list(shares.values()))[0]

    def _live(self, installation: Installation, day: date) -> None:
        """Send the reports of an installation on a day."""
        if day < installation.born or self.random.random() < 0.02:  # it is off now and then
            return
        if (
            self.random.random() > (self.now - self.moment) / DAY
        ):  # its hour of today is still to come
            return
        if day == installation.dies and self.random.random() < 0.5:
            self._post(installation, [("Consent Withdrawn", "Action", "Opt-out")])
        if installation.dies and day >= installation.dies:
            return
        before, installation.version = installation.version, self._version(installation, day)
        if day == installation.born:
            self._report(installation, "Install", "nothing")
            return
        is_upgrade = bool(before) and before != installation.version
        category = "Upgrade" if is_upgrade else "Heartbeat"
        self._report(installation, category, installation.first_of(day))
        if day.weekday() == 0:
            self._report_usage(installation, day - CAMPAIGN_DAYS * DAY)

    def _version(self, installation: Installation, day: date) -> str:
        """Return the newest release that is out for as long as the installation lags behind."""
        lag = timedelta(days=installation.lag if day > installation.born else 0)
        known = [release.version for release in self.releases if release.day + lag <= day]
        return max(known or [self.releases[0].version], key=_as_numbers)

    def _report(self, installation: Installation, category: str, first_of: str) -> None:
        facts = {self.fact: installation.version, **installation.facts, "first_report_of": first_of}
        self._post(installation, [(category, name, text) for name, text in facts.items()])

    def _report_usage(self, installation: Installation, monday: date) -> None:
        events = [
            {"category": category, "action": action, "times": 1 + int(self.random.expovariate(0.2))}
            for (category, action), share in FEATURES.items()
            if self.random.random() < share
        ]
        start = int(
            datetime(monday.year, monday.month, monday.day, tzinfo=timezone.utc).timestamp()
        )
        period = {"period_start": start, "period_end": start + CAMPAIGN_DAYS * 86_400}
        if events:
            self._send(installation, [{**event, **period} for event in events])

    def _post(self, installation: Installation, texts: Sequence[tuple[str, str, str]]) -> None:
        start = int(self.moment.timestamp())
        period = {"value": 1, "times": 1, "period_start": start, "period_end": start}
        events = [{"category": c, "action": a, "name": n, **period} for c, a, n in texts]
        self._send(installation, events)

    def _send(self, installation: Installation, events: Sequence[Mapping[str, Any]]) -> None:
        """Post through the door, at a random moment of the day that has begun."""
        midnight, end = self.moment, min(self.now, self.moment + DAY - timedelta(seconds=1))
        self.moment += (end - midnight) * self.random.random()
        body = json.dumps({"idsite": self.site.pk, "events": events}).encode()
        key = str(uuid.uuid4())
        response = self.door(request_of(body, key=key, address=installation.network))
        self.moment = midnight
        if response.status_code != 204:
            raise RuntimeError(f"The door answered {response.status_code}: {response.content!r}")


def first_of(last: date | None, today: date) -> str:
    """Return the spans of which a report of today is the first, where `last` is the day of the one before."""
    firsts = {
        "day": last != today,
        "week": last is None or monday_of(last) != monday_of(today),
        "month": last is None or (last.year, last.month) != (today.year, today.month),
    }
    return " ".join(span for span, is_first in firsts.items() if is_first) or "nothing"


def midnight_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _as_numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
