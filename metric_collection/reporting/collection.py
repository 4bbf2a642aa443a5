"""Collection: seals the gathered facts as an Install, an Upgrade or a Heartbeat."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, TypeAlias

from django.db import IntegrityError, router, transaction
from packaging.version import Version

from ..cleaninsights import payload
from ..cleaninsights.clock import utc_now
from ..cleaninsights.datapoints import Event
from ..conf.settings import conf
from ..conf.values import CATEGORIES, FIRST_REPORT_OF
from ..consent.choice import held_back
from ..consent.rules import ruling
from ..models import Change, Consent, Measurement, Report, Snapshot
from ..models.measurement import purge
from ..models.transactions import held
from ..outbox import hour_of, seal, seal_usage
from ..probes import registry
from ..probes.first_report import NOTHING, first_report_of
from ..probes.probe import Compared, group_of, name_of
from ..probes.registry import Gathered
from ..signals import installed, upgraded

logger = logging.getLogger("metric_collection.reporting.collection")

INSTALL, UPGRADE, HEARTBEAT = CATEGORIES

Platforms: TypeAlias = Mapping[str, Mapping[str, str]]  # fact name -> value -> day when last seen
PLATFORM_MEMORY: Final = timedelta(days=30)

# No release of this package is older. A small board without a clock boots in 1970.
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of gathering: the facts to send, those to remember, and the upgrades among them.

    `remembered` also has the last known facts of probes that failed this time or were declined, and "" for
    their versions that were never known: otherwise accepting their group would look like an upgrade.
    """

    category: str
    facts: Mapping[str, str]
    remembered: Mapping[str, str]
    platforms: Platforms
    changes: Mapping[str, tuple[str | None, str]]

    @property
    def is_empty(self) -> bool:
        """Whether there is no fact to send."""
        return not set(self.facts) - {FIRST_REPORT_OF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Gathers facts, compares them with the snapshot and seals the report."""

    clock: Callable[[], datetime] = utc_now
    random: Callable[[], float] = random.random

    def record(self) -> Report | None:
        """Seal the Install or Upgrade, if there is one, together with the snapshot that it updates."""
        if (begun := self._begin()) is None:
            return None
        consent, snapshot = begun
        finding = find(consent, snapshot, self.clock())
        if snapshot is None:
            return self._install(consent, finding)
        if finding.category == HEARTBEAT:
            if finding.remembered != snapshot.facts:  # a downgrade or a removal, for example
                snapshot.advance(facts=finding.remembered, platforms=finding.platforms)
            logger.debug("Nothing is reported: no version is new or higher, no platform differs.")
            return None
        return self._advance(consent, snapshot, finding, wanted(UPGRADE))

    def heartbeat(self) -> Report | None:
        """Seal the Heartbeat that is due by the database, or the Install or Upgrade that it finds."""
        if (begun := self._begin()) is None:
            return None
        consent, snapshot = begun
        if snapshot is None:
            return self._install(consent, find(consent, None, self.clock()))
        if not self._is_due(snapshot):
            return None
        now = self.clock()
        finding = find(consent, snapshot, now)
        category = wanted(finding.category, HEARTBEAT)
        # Where the publisher wants no heartbeats the next one is due all the same, to find upgrades.
        values: dict[str, Any] = {"heartbeat_due": next_due(snapshot.heartbeat_due, now)}
        if category:
            values["heartbeat_at"] = now
        return self._advance(consent, snapshot, finding, category, **values)

    def seal(self) -> list[Report]:
        """Seal the finished periods of campaigns, one report for each campaign."""
        now = self.clock()
        if not Measurement.objects.ended_before(now).exists():
            logger.debug("Nothing to seal: no period of a campaign has ended.")
            return []
        allowed = ruling()
        if not allowed.gathers:
            logger.debug("Nothing is sealed: %s", allowed.sentence)
            return []
        if not self._is_clock_right():
            return []
        with held():
            purge(now - conf.MAX_AGE)
        sealed: list[Report] = []
        while True:
            # One transaction for each report, as it blocks the operator's choice and flushes. After an opt-out
            # nothing is left to seal.
            with held():
                report = seal_usage(now)
            if report is None:
                return sealed
            sealed.append(report)

    def preview(
        self,
        *,
        consent: Consent | None = None,
        gathered: Gathered | None = None,
        snapshot: Snapshot | None = None,
    ) -> tuple[str, bytes] | None:
        """Return the category and the exact bytes of the next heartbeat without recording anything.

        None if the publisher wants no further report (``METRIC_COLLECTION_CATEGORIES``), or if there is no fact
        to send. Pass whatever is at hand, to save reading it again.
        """
        now, snapshot = self.clock(), snapshot or Snapshot.objects.current()
        if not is_more_wanted(snapshot):
            return None
        finding = find(consent or Consent.objects.current(), snapshot, now, gathered)
        category = wanted(finding.category, HEARTBEAT)
        if category is None or finding.is_empty:
            return None
        # The report is dated when it will be made, which decides whether it is the first of a day.
        due = max(now, snapshot.heartbeat_due) if snapshot else now
        flag = first_report_of(snapshot.reported_on, due.date()) if snapshot else NOTHING
        events = events_of(finding.facts, category, due, flag)
        # Publishers look at a preview before they have a site ID.
        return category, payload.encode(conf.SITE_ID or 1, events=events)

    def _begin(self) -> tuple[Consent, Snapshot | None] | None:
        """Read consent and the snapshot; None if nothing may be gathered, with the reason in the log."""
        consent = Consent.objects.current()
        allowed = ruling(consent)
        if not allowed.gathers:
            logger.debug("Nothing is gathered: %s", allowed.sentence)
            return None
        if not self._is_clock_right():
            return None
        snapshot = Snapshot.objects.current()
        if not is_more_wanted(snapshot):
            logger.debug("Nothing is gathered: METRIC_COLLECTION_CATEGORIES=%r", conf.CATEGORIES)
            return None
        return consent, snapshot

    def _is_clock_right(self) -> bool:
        now = self.clock()
        if now >= EARLIEST:
            return True
        logger.debug("Nothing is sealed: the clock is wrong, it shows %s.", now)
        return False

    def _is_due(self, snapshot: Snapshot) -> bool:
        """Ask the database; a time more than one interval away was set by a clock that went back."""
        now, due = self.clock(), snapshot.heartbeat_due
        latest = now + conf.HEARTBEAT_INTERVAL
        if due > latest:
            due = latest
            snapshot.advance(heartbeat_due=due)
        if due > now:
            logger.debug("No heartbeat is due before %s.", due)
        return bool(due <= now)

    def _install(self, consent: Consent, finding: Finding) -> Report | None:
        """Create the snapshot; the first heartbeat falls on a random moment of the following day."""
        now = self.clock()
        due = now + conf.HEARTBEAT_INTERVAL * self.random()
        try:
            with held() as locked:
                # Gathering takes a while, in which the operator may have decided otherwise.
                if locked.covers_the_same_as(consent):
                    Snapshot.objects.create(
                        facts=finding.remembered,
                        platforms=finding.platforms,
                        installed_at=now,
                        heartbeat_due=due,
                    )
                    return seal_finding(finding, wanted(INSTALL), now, NOTHING)
        except IntegrityError:
            pass  # another process has created the row
        logger.debug("No install is recorded: declined, or recorded by another process just now.")
        return None

    def _advance(
        self,
        consent: Consent,
        snapshot: Snapshot,
        finding: Finding,
        category: str | None,
        **values: Any,
    ) -> Report | None:
        now = self.clock()
        flag = first_report_of(snapshot.reported_on, now.date())
        if category and flag != NOTHING:
            values["reported_on"] = now.date()
        values.update(facts=finding.remembered, platforms=finding.platforms)
        with held() as locked:
            if locked.covers_the_same_as(consent) and snapshot.advance(**values):
                return seal_finding(finding, category, now, flag)
        logger.debug("Nothing is recorded: declined, or recorded by another process just now.")
        return None


def next_due(due: datetime, now: datetime) -> datetime:
    """Return when the heartbeat after this one is due.

    The phase is kept as long as a heartbeat is less than one interval late, so that an hourly cron job
    loses no day; two heartbeats are at least 23 hours (of 24) apart.
    """
    interval = conf.HEARTBEAT_INTERVAL
    if now >= due + interval:
        return now + interval
    return max(due + interval, now + interval * 23 / 24)


def is_more_wanted(snapshot: Snapshot | None) -> bool:
    """Whether the publisher wants any further report; there is only one Install."""
    over = {INSTALL} if snapshot else set()
    return bool(set(conf.CATEGORIES) - over)


def wanted(*categories: str) -> str | None:
    """Return the first of these categories that the publisher wants."""
    return next((category for category in categories if category in conf.CATEGORIES), None)


def find(
    consent: Consent, snapshot: Snapshot | None, now: datetime, gathered: Gathered | None = None
) -> Finding:
    """Gather the facts that consent covers, and compare them with the snapshot."""
    gathered = gathered or registry.gather(declined=consent.declined_groups)
    withheld = held_back(gathered.facts, consent)
    if withheld:
        logger.debug("Held back, because they are new: %s", ", ".join(sorted(withheld)))
    facts = {name: value for name, value in gathered.facts.items() if name not in withheld}
    # This fact changes with every report, so it is neither remembered nor compared.
    known = {name: value for name, value in facts.items() if name != FIRST_REPORT_OF}
    before = snapshot.facts if snapshot else {}
    oldest = (now.date() - PLATFORM_MEMORY).isoformat()
    recent = {
        name: {value: seen for value, seen in values.items() if seen >= oldest}
        for name, values in (snapshot.platforms if snapshot else {}).items()
    }
    platforms = with_seen(recent, [before, known], gathered.compared, now.date())
    is_partial = gathered.failed or consent.declined_groups
    remembered = {**unseen_versions(consent, gathered), **before, **known} if is_partial else known
    if snapshot is None:
        new = {name: (None, value) for name, value in known.items()}
        return Finding(
            category=INSTALL, facts=facts, remembered=remembered, platforms=platforms, changes=new
        )
    changes = upgrades(before, known, gathered.compared, recent)
    return Finding(
        category=UPGRADE if changes else HEARTBEAT,
        facts=facts,
        remembered=remembered,
        platforms=platforms,
        changes=changes,
    )


def unseen_versions(consent: Consent, gathered: Gathered) -> dict[str, str]:
    """Return fact name -> "" for the versions of declined groups and of probes that failed."""
    return {
        fact.name: ""
        for probe, fact in registry.declared()
        if fact.compared is Compared.VERSION
        and (group_of(probe) in consent.declined_groups or name_of(probe) in gathered.failed)
    }


def with_seen(
    recent: Platforms,
    sightings: Sequence[Mapping[str, str]],
    compared: Mapping[str, Compared],
    today: date,
) -> Platforms:
    """Return the platforms with the platform facts among these facts, seen today."""
    platforms = {name: dict(values) for name, values in recent.items()}
    for facts in sightings:
        for name, value in facts.items():
            if compared.get(name) is Compared.VALUE:
                platforms.setdefault(name, {})[value] = today.isoformat()
    return platforms


def upgrades(
    before: Mapping[str, str],
    after: Mapping[str, str],
    compared: Mapping[str, Compared],
    recent: Platforms,
) -> dict[str, tuple[str | None, str]]:
    """Return fact name -> (from, to) for every change that counts as an upgrade.

    That is a version that is new or higher, or another platform that was not seen recently: the heartbeats of
    two nodes with different kernels are no upgrades. A version that was "" before has only become known.
    """
    changes = {}
    for name, value in after.items():
        old = before.get(name)
        if compared[name] is Compared.VERSION:
            is_upgrade = old is None or (old != "" and is_higher(value, old))
        else:
            is_known = old is not None and compared[name] is Compared.VALUE
            is_upgrade = is_known and value != old and value not in recent.get(name, {})
        if is_upgrade:
            changes[name] = (old, value)
    return changes


def is_higher(after: str, before: str) -> bool:
    """Compare as PEP 440 versions, or as strings if either is not a valid version."""
    try:
        return Version(after) > Version(before)
    except ValueError:  # no version, or one with more digits than Python reads
        return after > before


def seal_finding(finding: Finding, category: str | None, now: datetime, flag: str) -> Report | None:
    """Write the version history and announce it to the host; queue the report if it is wanted and has facts."""
    if finding.changes:
        Change.objects.create(category=finding.category, recorded_at=now, changes=finding.changes)
        if finding.category == INSTALL:
            facts = {name: value for name, value in finding.remembered.items() if value}
            send = partial(installed.send_robust, sender=Snapshot, facts=facts)
        else:
            changes = dict(finding.changes)
            send = partial(upgraded.send_robust, sender=Snapshot, changes=changes)
        transaction.on_commit(send, using=router.db_for_write(Change), robust=True)
    if category is None:
        logger.debug("No report is made: METRIC_COLLECTION_CATEGORIES=%r", conf.CATEGORIES)
        return None
    if finding.is_empty:
        logger.debug("No report is made: there is no fact to send.")
        return None
    return seal(events_of(finding.facts, category, now, flag), category=category, now=now)


def events_of(
    facts: Mapping[str, str], category: str, moment: datetime, flag: str = NOTHING
) -> Iterator[Event]:
    """Yield one event for each fact, dated to the hour; `flag` is the value of `first_report_of`."""
    hour = hour_of(moment)
    for name, value in facts.items():
        yield Event(
            category=category,
            action=name,
            name=flag if name == FIRST_REPORT_OF else value,
            value=1,
            period_start=hour,
            period_end=hour,
        )
