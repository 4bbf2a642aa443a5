"""What the System information page shows, read from settings, probes and rows; nothing is written.

The moments in here are in the operator's time zone, also where Django's USE_TZ is off.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import django
from django.db import connections, router
from django.utils import timezone
from django.utils.translation import gettext

from .collection import Collection
from .conf import conf
from .consent import Ruling, by_operator, held_back, ruling
from .models import Change, Consent, Report
from .probes import registry
from .probes.modules import EnabledModule, enabled_modules
from .probes.probe import Fact, Probe
from .probes.registry import Gathered

RECORD_LENGTH = 10
LIST_LENGTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What is installed here: the part for a bug report."""

    product: str
    version: str
    modules: Sequence[EnabledModule]
    platform: Mapping[str, str]

    @property
    def text(self) -> str:
        """Write it for a bug report, whose readers share no language but English."""
        lines = [f"{self.product} {self.version}".rstrip(), "", "Platform"]
        lines += [f"  {name}: {value}" for name, value in self.platform.items()]
        lines += ["", "Modules"]
        lines += [f"  {module.name} {module.version or ''}".rstrip() for module in self.modules]
        return "\n".join(lines)

    @property
    def json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "product": self.product,
            "version": self.version or None,
            "platform": dict(self.platform),
            "modules": [
                {"name": module.name, "version": module.version, "shared": module.shared}
                for module in self.modules
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The operator's switch, and the rule that decides at the moment."""

    ruling: Ruling
    position: Ruling
    choice: str

    @property
    def is_on(self) -> bool:
        """Whether it stands on yes, be it by the operator's choice or by their silence."""
        return self.position.gathers

    @property
    def is_overruled(self) -> bool:
        """Whether something other than a lock keeps its position from counting at the moment."""
        return self.ruling.rule is not self.position.rule and not self.ruling.is_locked

    @property
    def announces_opt_out(self) -> bool:
        """Whether switching off sends one last event."""
        return conf.REPORT_OPT_OUT and self.ruling.sends


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFact:
    """A fact as the operator reads about it; without a text it is not sent."""

    fact: Fact
    text: str
    is_held_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The facts of one probe."""

    title: str
    facts: Sequence[SharedFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReport:
    """The exact bytes of the next report."""

    category: str
    body: bytes

    @property
    def text(self) -> str:
        """Lay the JSON out for reading."""
        return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report of the record or of the queue."""

    report: Report
    moment: datetime

    @property
    def size(self) -> int:
        """Return the bytes of the body."""
        return len(self.report.body.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A stretch of the operator's record, newest first; `older` leads on where there is more."""

    entries: Sequence[Entry]
    older: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An install or upgrade in the version history, with fact name -> (from, to)."""

    category: str
    moment: datetime
    changes: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the System information page."""

    system: System
    switch: Switch
    groups: Sequence[Group]
    next_report: NextReport
    record: Record
    queue: Sequence[Entry]
    history: Sequence[Step]
    learn_more: str | None
    zone: str


def page() -> Page:
    """Look at everything; five queries of our own, however much there is."""
    consent, gathered = Consent.objects.current(), registry.gather()
    return Page(
        system=system(gathered),
        switch=switch(consent),
        groups=list(groups(gathered, consent)),
        next_report=next_report(),
        record=record(RECORD_LENGTH),
        queue=queue(),
        history=history(),
        learn_more=conf.LEARN_MORE_URL,
        zone=timezone.get_current_timezone_name(),
    )


def system(gathered: Gathered) -> System:
    """Describe what is installed."""
    facts = gathered.facts
    return System(
        product=conf.PRODUCT,
        version=facts.get(f"{conf.PRODUCT} Version", ""),
        modules=enabled_modules(),
        platform={
            "Operating system": facts.get("os_version", platform.system()),
            "Kernel": facts.get("kernel_version", platform.release()),
            "Hardware": facts.get("hardware_platform", platform.machine()),
            "Python": platform.python_version(),
            "Django": django.get_version(),
            "Database": database(),
        },
    )


def database() -> str:
    """Name the database that holds our tables, with its version."""
    connection = connections[router.db_for_write(Consent)]
    version = ".".join(map(str, connection.get_database_version()))
    return f"{connection.display_name} {version}"


def switch(consent: Consent) -> Switch:
    """Say what the operator has chosen and what decides."""
    return Switch(ruling=ruling(consent), position=by_operator(consent), choice=consent.choice)


def groups(gathered: Gathered, consent: Consent) -> Iterator[Group]:
    """List what can be sent, probe by probe."""
    declared = registry.declared()
    withheld = held_back([fact.name for _probe, fact in declared], consent)
    for probe, pairs in groupby(declared, key=lambda pair: pair[0]):
        facts = [
            SharedFact(
                fact=fact,
                text=gathered.facts.get(fact.name, ""),
                is_held_back=fact.name in withheld,
            )
            for _probe, fact in pairs
        ]
        yield Group(title=title_of(probe), facts=facts)


def title_of(probe: Probe) -> str:
    """Make a heading of a probe's class: ``OperatingSystemProbe`` is "Operating system"."""
    words = re.findall("[A-Z]+[a-z0-9]*|[a-z0-9]+", type(probe).__name__.removesuffix("Probe"))
    return gettext(" ".join(words).capitalize() or type(probe).__name__)


def next_report() -> NextReport:
    """Preview the next heartbeat, or the Install or Upgrade that it would be."""
    category, body = Collection().preview()
    return NextReport(category=category, body=body)


def record(length: int, *, before: int | None = None) -> Record:
    """List what has left or was given up; `before` is the key of the last report already seen."""
    settled = Report.objects.settled()
    reports = list(settled.filter(pk__lt=before) if before else settled[: length + 1])[: length + 1]
    entries = [entry(report, report.settled_at) for report in reports[:length]]
    return Record(entries=entries, older=reports[length - 1].pk if reports[length:] else None)


def queue() -> list[Entry]:
    """List what waits, each with the moment of its next attempt."""
    return [entry(report, report.wait_until or report.sealed_at) for report in waiting()]


def waiting() -> Iterable[Report]:
    """Ask for what waits."""
    return Report.objects.queued()[:LIST_LENGTH]


def entry(report: Report, moment: datetime | None) -> Entry:
    """Date a report for the operator."""
    return Entry(report=report, moment=timezone.localtime(moment or report.sealed_at))


def history() -> list[Step]:
    """List what was installed and upgraded here, newest first."""
    return [
        Step(
            category=change.get_category_display(),
            moment=timezone.localtime(change.recorded_at),
            changes=change.changes,
        )
        for change in Change.objects.order_by("-id")[:LIST_LENGTH]
    ]
