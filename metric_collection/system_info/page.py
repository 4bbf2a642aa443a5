"""What the System information page shows, read from settings, probes and rows; nothing is written.

The moments in here are in the operator's time zone, also where Django's USE_TZ is off.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby

from django.utils.timesince import timesince
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext

from ..conf.settings import conf
from ..consent.campaigns import lock
from ..consent.choice import held_back
from ..consent.rules import Ruling, by_operator, ruling
from ..models import Change, Consent, Report
from ..probes import registry
from ..probes.probe import Fact, Probe, heading_of
from ..probes.registry import Gathered
from ..reporting.collection import HEARTBEAT, Collection
from .campaigns import Usage, usages
from .installed import System, system

RECENT = 10
LISTED = 50
SHOWN_IN_PLACE = 8 * 1024  # bytes; a longer body is only linked to, so that the page stays small
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The operator's switch, and the rule that decides at the moment."""

    ruling: Ruling
    position: Ruling
    is_answered: bool
    decided_at: datetime | None

    @property
    def is_on(self) -> bool:
        """Whether it stands on yes, be it by the operator's choice or by their silence."""
        return self.position.gathers and not self.ruling.is_locked

    @property
    def is_open(self) -> bool:
        """Whether the operator is being asked: nobody has decided yet, and a superuser could."""
        return not self.is_answered and not self.ruling.is_locked

    @property
    def is_overruled(self) -> bool:
        """Whether its position does not count at the moment although it can be used."""
        return self.ruling.rule is not self.position.rule and not self.ruling.is_locked

    @property
    def announces_opt_out(self) -> bool:
        """Whether switching off sends one last event."""
        return conf.REPORT_OPT_OUT and self.ruling.sends

    @property
    def is_daily(self) -> bool:
        """Whether there is one report a day, as the publisher has left it."""
        return conf.HEARTBEAT_INTERVAL == DAY and HEARTBEAT in conf.CATEGORIES


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFact:
    """A fact as the operator reads about it; without a text it is not sent."""

    name: str
    text: str
    words: Sequence[str]
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

    @property
    def moment(self) -> datetime | None:
        """Return the hour that the report is for, as it says itself; None when it has no event."""
        events = json.loads(self.body).get("events")
        return events and localtime(datetime.fromtimestamp(events[0]["period_start"], timezone.utc))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report of the record, or of the queue with the moment of its next attempt."""

    report: Report
    moment: datetime

    @property
    def size(self) -> int:
        """Return the bytes of the body."""
        return len(self.report.body.encode())

    @property
    def subject(self) -> str:
        """Say what it tells of, in the words of the wire; of a campaign, of which."""
        named = self.report.campaign_id
        return f"{self.report.category}: {named}" if named else str(self.report.category)

    @property
    def age(self) -> str:
        """Say roughly how long ago its moment was."""
        return timesince(self.moment, depth=1)

    @property
    def outcome(self) -> str:
        """Say in words what has become of it."""
        if self.report.state == Report.State.DELIVERED:
            return gettext("accepted")
        return str(self.report.get_state_display())

    @property
    def detail(self) -> str:
        """Say what the collector or the network has answered, "" when neither was asked."""
        return self.report.outcome_text

    @property
    def is_shown_in_place(self) -> bool:
        """Whether the body is short enough to stand on the page."""
        return self.size <= SHOWN_IN_PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A stretch of the operator's record, newest first; `older` is the last key where there is more."""

    entries: Sequence[Entry]
    older: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An install or upgrade in the version history, with fact name -> (from, to)."""

    change: Change
    moment: datetime

    @property
    def is_install(self) -> bool:
        return bool(self.change.category == Change.Category.INSTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the System information page."""

    system: System
    switch: Switch
    groups: Sequence[Group]
    campaigns: Sequence[Usage]
    campaigns_lock: Ruling | None
    next_report: NextReport | None
    record: Record
    queue: Sequence[Entry]
    history: Sequence[Step]
    learn_more: str | None
    zone: str

    @property
    def is_counting(self) -> bool:
        """Whether reports of campaigns are to be expected as well."""
        return any(usage.is_counting for usage in self.campaigns)


def page(consent: Consent, *, now: datetime) -> Page:
    """Look at everything; four queries, however much there is, and two for campaigns."""
    gathered, (queue, record) = registry.gather(), outbox()
    return Page(
        system=system(),
        switch=switch(consent),
        groups=list(groups(gathered, consent)),
        next_report=next_report(consent, gathered),
        campaigns=usages(consent, now=now),
        campaigns_lock=lock(consent),
        record=record,
        queue=queue,
        history=history(),
        learn_more=conf.LEARN_MORE_URL,
        zone=get_current_timezone_name(),
    )


def switch(consent: Consent) -> Switch:
    """Say what the operator has chosen and what decides."""
    return Switch(
        ruling=ruling(consent),
        position=by_operator(consent),
        is_answered=consent.choice != Consent.Choice.UNKNOWN,
        decided_at=consent.decided_at and localtime(consent.decided_at),
    )


def groups(gathered: Gathered, consent: Consent) -> Iterator[Group]:
    """List what can be sent, probe by probe."""
    declared, texts = registry.declared(), gathered.facts
    withheld = held_back([fact.name for _probe, fact in declared], consent)
    for title, pairs in groupby(declared, key=lambda pair: title_of(type(pair[0]))):
        facts = [
            SharedFact(
                name=fact.name,
                text=texts.get(fact.name, ""),
                words=words_of(fact),
                is_held_back=fact.name in withheld,
            )
            for probe, fact in pairs
        ]
        yield Group(title=title, facts=facts)


def title_of(probe: type[Probe]) -> str:
    """Return the heading of a probe's facts in the reader's language."""
    return gettext(heading_of(probe))


def words_of(fact: Fact) -> list[str]:
    """Say what a fact is, what it is for and how it is coarsened, in the reader's language."""
    return [gettext(words) for words in (fact.description, fact.purpose, fact.coarsened) if words]


def next_report(
    consent: Consent | None = None, gathered: Gathered | None = None
) -> NextReport | None:
    """Preview the next heartbeat, or the Install or Upgrade that it would be; None if none is planned."""
    preview = Collection().preview(consent=consent, gathered=gathered)
    return preview and NextReport(category=preview[0], body=preview[1])


def outbox() -> tuple[list[Entry], Record]:
    """List what waits, each with the moment of its next attempt, and the newest of the record."""
    queued = [entry(report, report.wait_until) for report in Report.objects.queued()[:LISTED]]
    return queued, record_of(Report.objects.settled()[: RECENT + 1], RECENT)


def record(length: int, *, before: int | None = None) -> Record:
    """List what has left or was given up; `before` is the key of the last report already seen."""
    settled = Report.objects.settled()
    rest = settled if before is None else settled.filter(pk__lt=before)
    return record_of(rest[: length + 1], length)


def record_of(reports: Iterable[Report], length: int) -> Record:
    """List so many of the reports; where there is one more, the record goes on."""
    shown = list(reports)
    entries = [entry(report, report.settled_at) for report in shown[:length]]
    return Record(entries=entries, older=shown[length - 1].pk if shown[length:] else None)


def entry(report: Report, moment: datetime | None) -> Entry:
    """Date a report for the operator."""
    return Entry(report=report, moment=localtime(moment or report.sealed_at))


def history() -> list[Step]:
    """List what was installed and upgraded here, newest first."""
    changes = Change.objects.order_by("-id")[:LISTED]
    return [Step(change=change, moment=localtime(change.recorded_at)) for change in changes]
