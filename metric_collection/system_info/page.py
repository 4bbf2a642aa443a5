"""Everything on the System information page, read from settings, probes and rows; nothing is written.

Moments are in the operator's time zone, also where Django's USE_TZ is off.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext, gettext_lazy, ngettext

from ..conf.settings import Settings, conf
from ..consent.rules import Rule, Ruling, by_operator, ruling
from ..models import Change, Consent, Report, Snapshot
from ..probes import registry
from ..reporting.collection import Collection
from ..reporting.state import DeliveryState, Queue, Situation, collector, delivery_state, shown
from .campaigns import Campaigns, campaigns
from .groups import Group, groups
from .installed import System, system
from .notice import Notice
from .reports import RECENT, Entry, Reports, newest

SENT_ELSEWHERE = gettext_lazy(
    "Another process sent a report on %(moment)s, after this one had started. Each process reads its own"
    " environment and settings: switch metrics off for the Celery worker and beat as well."
)
LISTED = 50  # steps of the version history


@dataclass(frozen=True, slots=True, kw_only=True)
class NextReport:
    """The exact bytes of the next report."""

    category: str
    body: bytes

    @property
    def facts(self) -> dict[str, str]:
        """The facts in the report with the values that are sent."""
        return {event["action"]: event["name"] for event in json.loads(self.body)["events"]}

    @property
    def text(self) -> str:
        """The exact JSON with a line break before each event; within a string, `"` would be escaped."""
        return self.body.decode().replace('{"category"', '\n{"category"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """On or off and why, who receives reports, how delivery goes, and the operator's switch."""

    settings: ClassVar[Settings] = conf

    ruling: Ruling
    position: Ruling
    decided_at: datetime | None
    delivery: DeliveryState
    last: Entry | None
    next: datetime | None
    notice: Notice | None
    sent_elsewhere_at: datetime | None
    collector: str = field(default_factory=collector)

    @property
    def is_on(self) -> bool:
        """Whether the switch is on, by the operator's choice or by default."""
        return self.position.sends and not self.ruling.is_locked

    @property
    def is_overruled(self) -> bool:
        """Whether the switch can be used, but has no effect at present."""
        return self.ruling.rule is not self.position.rule and not self.ruling.is_locked

    @property
    def sentence(self) -> str:
        """Why nothing is sent, or how delivery goes; "" if an alert says so."""
        if not self.ruling.sends:
            return self.ruling.sentence
        return "" if self.delivery.needs_attention else self.delivery.sentence

    @property
    def alerts(self) -> list[str]:
        """Problems that need attention."""
        found = []
        if self.delivery.needs_attention:
            words = [self.delivery.sentence, self.delivery.queue_sentence]
            if self.delivery.situation in {Situation.FAILING, Situation.REFUSED}:
                words.append(gettext("Run manage.py metric_collection doctor to find the cause."))
            found.append(" ".join(filter(None, words)))
        if self.sent_elsewhere_at:
            found.append(SENT_ELSEWHERE % {"moment": shown(self.sent_elsewhere_at)})
        return found

    @property
    def decision(self) -> str:
        """When the operator decided, or why the switch has no effect; "" if the date is unknown."""
        if self.ruling.is_locked:
            return gettext("The switch is locked.")
        if self.is_overruled:
            return gettext("Your choice takes effect once this reason no longer applies.")
        if self.position.rule not in {Rule.GRANTED, Rule.DENIED}:
            return gettext("On by default.") if self.is_on else gettext("Off by default.")
        if self.decided_at is None:  # a no that a migration has adopted
            return ""
        return gettext("Decided on %(day)s.") % {"day": date_format(self.decided_at, "DATE_FORMAT")}

    @property
    def announces_opt_out(self) -> bool:
        """Whether switching off sends one last event."""
        return conf.REPORT_OPT_OUT and self.ruling.sends


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An install or upgrade in the version history, with fact name -> (from, to)."""

    change: Change
    moment: datetime

    @property
    def lines(self) -> str:
        """Each fact with its new value, and the value before; one on each line."""
        return "\n".join(
            gettext("%(name)s: from %(before)s to %(after)s")
            % {"name": name, "before": before, "after": after}
            if before
            else f"{name}: {after}"
            for name, (before, after) in self.change.changes.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Installs and upgrades, newest first."""

    steps: Sequence[Step]

    @property
    def gist(self) -> str:
        number = sum(step.change.category == Change.Category.UPGRADE for step in self.steps)
        if not number:
            return gettext("no upgrades yet")
        day = date_format(self.steps[0].moment, "DATE_FORMAT")
        words = ngettext(
            "%(number)d upgrade, on %(day)s", "%(number)d upgrades, the last on %(day)s", number
        )
        return words % {"number": number, "day": day}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything on the System information page."""

    summary: Summary
    groups: Sequence[Group]
    next_report: NextReport | None
    campaigns: Campaigns | None
    reports: Reports
    installed: System
    history: History
    zone: str


def page(
    consent: Consent, *, now: datetime, started_at: datetime, notice: Notice | None = None
) -> Page:
    """Read everything; the number of queries does not depend on how much there is.

    `started_at` is when this process was started, which has read its environment then.
    """
    gathered, snapshot = (
        registry.gather(declined=consent.declined_groups),
        Snapshot.objects.current(),
    )
    # The rows read here are passed on, so that nothing is read twice.
    allowed, reports = ruling(consent, now=now), newest(RECENT, now=now)
    delivery = delivery_state(now, allowed=allowed, snapshot=snapshot, queue=queue_of(reports))
    last, due = delivery.last_settled, delivery.next_heartbeat
    upcoming = next_report(consent=consent, gathered=gathered, snapshot=snapshot)
    return Page(
        summary=Summary(
            ruling=allowed,
            position=by_operator(consent, now=now),
            decided_at=consent.decided_at and localtime(consent.decided_at),
            delivery=delivery,
            last=Entry(report=last, now=now) if last else None,
            next=due and localtime(due),
            notice=notice,
            sent_elsewhere_at=sent_elsewhere_at(allowed, last, started_at=started_at),
        ),
        groups=groups(consent, gathered, sent=upcoming.facts if upcoming else {}),
        next_report=upcoming,
        campaigns=campaigns(consent, now=now),
        reports=reports,
        installed=system(),
        history=history(),
        zone=get_current_timezone_name(),
    )


def queue_of(reports: Reports) -> Queue:
    """Return the queue, with its head from the list if that holds all of it."""
    listed = [each.report for each in reports.entries if each.report.state == Report.State.QUEUED]
    if len(listed) < reports.queued:
        return Queue(length=reports.queued, head=Report.objects.queued().first())
    return Queue(length=reports.queued, head=listed[-1] if listed else None)


def sent_elsewhere_at(
    allowed: Ruling, last: Report | None, *, started_at: datetime
) -> datetime | None:
    """Return when another process sent a report although metrics are locked in this one, if so."""
    if not allowed.is_locked or last is None or last.attempted_at is None:
        return None
    return last.attempted_at if last.attempted_at > started_at else None


def next_report(**at_hand: Any) -> NextReport | None:
    """Preview the next heartbeat, or the Install or Upgrade that it would be; None if none is planned."""
    preview = Collection().preview(**at_hand)
    return preview and NextReport(category=preview[0], body=preview[1])


def history() -> History:
    """List what was installed and upgraded here, newest first."""
    changes = Change.objects.order_by("-id")[:LISTED]
    return History(
        steps=[Step(change=change, moment=localtime(change.recorded_at)) for change in changes]
    )
