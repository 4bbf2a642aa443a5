"""Collection: what was gathered becomes an Install, an Upgrade or a Heartbeat, sealed for delivery."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from packaging.version import InvalidVersion, Version

from ..campaigns import campaigns
from ..cleaninsights import payload
from ..cleaninsights.clock import utc_now
from ..cleaninsights.datapoints import Event
from ..conf.settings import conf
from ..conf.values import CATEGORIES
from ..consent.choice import held_back
from ..consent.rules import ruling
from ..models import Change, Consent, Measurement, Report, Snapshot
from ..models.measurement import purge
from ..models.transactions import atomic, held
from ..outbox import hour_of, pack, seal, seal_usage
from ..probes import registry
from ..probes.probe import Compared
from ..probes.registry import Gathered

INSTALL, UPGRADE, HEARTBEAT = CATEGORIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What gathering has shown: the facts to send, those to remember, and what is an upgrade in them.

    `remembered` also has the last known facts of probes that failed this time or were declined: otherwise
    accepting their group again would look like an upgrade.
    """

    category: str
    facts: Mapping[str, str]
    remembered: Mapping[str, str]
    changes: Mapping[str, tuple[str | None, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Gathers, compares with the snapshot and records; the clock and chance come from outside."""

    clock: Callable[[], datetime] = utc_now
    random: Callable[[], float] = random.random

    def record(self) -> Report | None:
        """Seal the Install or Upgrade that there is, together with the snapshot it was found by."""
        consent = Consent.objects.current()
        if not ruling(consent).gathers:
            return None
        snapshot = Snapshot.objects.current()
        if not is_more_wanted(snapshot):
            return None
        finding = find(consent, snapshot)
        if snapshot is None:
            return self._install(finding)
        if finding.category == HEARTBEAT:
            refresh(snapshot, finding)
            return None
        return self._advance(consent, snapshot, finding, wanted(UPGRADE))

    def beat(self) -> Report | None:
        """Seal a Heartbeat if one is due by the database, or the Install or Upgrade that it finds."""
        consent = Consent.objects.current()
        if not ruling(consent).gathers:
            return None
        snapshot = Snapshot.objects.current()
        if not is_more_wanted(snapshot):
            return None
        if snapshot is None:
            return self._install(find(consent, None))
        if not self._is_due(snapshot):
            return None
        now = self.clock()
        due = now + conf.HEARTBEAT_INTERVAL
        finding = find(consent, snapshot)
        category = wanted(finding.category, HEARTBEAT)
        beaten = {"heartbeat_at": now} if category else {}
        return self._advance(consent, snapshot, finding, category, heartbeat_due=due, **beaten)

    def seal(self) -> list[Report]:
        """Seal what campaigns have counted in periods that are over, one report for each campaign."""
        now = self.clock()
        if not (Measurement.objects.ended_before(now).exists() and ruling().gathers):
            return []
        with held():  # a no that came first has left nothing to seal
            purge(now - conf.MAX_AGE)
            return list(iter(lambda: seal_usage(now, campaigns(), pack), None))

    def preview(
        self, *, consent: Consent | None = None, gathered: Gathered | None = None
    ) -> tuple[str, bytes] | None:
        """Return the category and the exact bytes of the next heartbeat, and record nothing.

        None when the publisher wants no further report (``METRIC_COLLECTION_CATEGORIES``). Whoever
        has read consent or gathered already spares the second time.
        """
        now, snapshot = self.clock(), Snapshot.objects.current()
        if not is_more_wanted(snapshot):
            return None
        finding = find(consent or Consent.objects.current(), snapshot, gathered)
        category = wanted(finding.category, HEARTBEAT)
        if category is None:
            return None
        due = max(now, snapshot.heartbeat_due) if snapshot else now
        events = events_of(finding.facts, category, due)
        return category, payload.encode(conf.SITE_ID or 1, events=events)

    def _is_due(self, snapshot: Snapshot) -> bool:
        """Ask the database; a moment further off than one interval is from a clock that went back."""
        now, due = self.clock(), snapshot.heartbeat_due
        latest = now + conf.HEARTBEAT_INTERVAL
        if due > latest:
            snapshot.advance(heartbeat_due=latest)
        return bool(due <= now)

    def _install(self, finding: Finding) -> Report | None:
        """Record the first snapshot; its heartbeats fall on a random moment of the day from here on."""
        now = self.clock()
        due = now + conf.HEARTBEAT_INTERVAL * self.random()
        try:
            with held() as consent:
                if ruling(consent).gathers:
                    Snapshot.objects.create(
                        facts=finding.remembered, installed_at=now, heartbeat_due=due
                    )
                    return seal_finding(finding, wanted(INSTALL), now)
        except IntegrityError:
            pass
        return None  # declined, or installed by another process, in this moment

    def _advance(
        self,
        consent: Consent,
        snapshot: Snapshot,
        finding: Finding,
        category: str | None,
        **moments: datetime,
    ) -> Report | None:
        with atomic():
            if consent.hold() and snapshot.advance(facts=finding.remembered, **moments):
                return seal_finding(finding, category, self.clock())
        return None  # declined, or recorded by another process, in this moment


def is_more_wanted(snapshot: Snapshot | None) -> bool:
    """Whether the publisher wants any further report; there is but one Install."""
    over = {INSTALL} if snapshot else set()
    return bool(set(conf.CATEGORIES) - over)


def wanted(*categories: str) -> str | None:
    """Return the first of these categories that the publisher wants reports of."""
    return next((category for category in categories if category in conf.CATEGORIES), None)


def find(consent: Consent, snapshot: Snapshot | None, gathered: Gathered | None = None) -> Finding:
    """Gather the facts that consent covers, and compare them with the snapshot."""
    gathered = gathered or registry.gather(declined=consent.declined_groups)
    withheld = held_back(gathered.facts, consent)
    facts = {name: value for name, value in gathered.facts.items() if name not in withheld}
    if snapshot is None:
        news = {name: (None, value) for name, value in facts.items()}
        return Finding(category=INSTALL, facts=facts, remembered=facts, changes=news)
    changes = upgrades(snapshot.facts, facts, gathered.compared)
    is_partial = gathered.failed or consent.declined_groups
    return Finding(
        category=UPGRADE if changes else HEARTBEAT,
        facts=facts,
        remembered={**snapshot.facts, **facts} if is_partial else facts,
        changes=changes,
    )


def upgrades(
    before: Mapping[str, str], after: Mapping[str, str], compared: Mapping[str, Compared]
) -> dict[str, tuple[str | None, str]]:
    """Return fact name -> (from, to) for what counts as an upgrade."""
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if is_upgrade(before.get(name), value, compared[name])
    }


def is_upgrade(before: str | None, after: str, compared: Compared) -> bool:
    """Whether this fact makes an Upgrade: a version that is new or higher, a platform that differs."""
    if compared is Compared.VERSION:
        return before is None or is_higher(after, before)
    return compared is Compared.VALUE and before != after


def is_higher(after: str, before: str) -> bool:
    """Compare as PEP 440 versions, or as text when either is none."""
    try:
        return Version(after) > Version(before)
    except InvalidVersion:
        return after > before


def refresh(snapshot: Snapshot, finding: Finding) -> None:
    """Remember downgrades, removals and what else has changed without being an upgrade."""
    if finding.remembered != snapshot.facts:
        snapshot.advance(facts=finding.remembered)


def seal_finding(finding: Finding, category: str | None, now: datetime) -> Report | None:
    """Queue a finding's report if it is wanted and has facts; add the changes to the version history."""
    if finding.changes:
        Change.objects.create(category=finding.category, recorded_at=now, changes=finding.changes)
    if category is None or not finding.facts:
        return None
    return seal(events_of(finding.facts, category, now), category=category, now=now)


def events_of(facts: Mapping[str, str], category: str, moment: datetime) -> Iterator[Event]:
    """Make one event of each fact, dated to the hour."""
    hour = hour_of(moment)
    for name, value in facts.items():
        yield Event(
            category=category,
            action=name,
            name=value,
            value=1,
            period_start=hour,
            period_end=hour,
        )
