"""Flushing: counts that the processes of this host have measured into the database.

Journals are counted in one transaction that also notes their keys; then their files are removed.
Whenever a process is killed in between, every count gets in, and gets in once.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import connections, router

from ..campaigns import campaigns
from ..cleaninsights.campaigns import EventAggregationRule
from ..cleaninsights.clock import Clock, utc_now
from ..cleaninsights.datapoints import Event
from ..cleaninsights.forks import Forkable
from ..conf.settings import Mode, conf
from ..consent import campaigns as windows
from ..consent.campaigns import Standing, counts_since
from ..consent.rules import ruling, silenced, switched_off
from ..measuring.folder import HAS_LOCKS, MEMORY, Folder, Memory, Place
from ..measuring.journal import Journal
from ..measuring.meter import Meter, meter
from ..measuring.policy import OFF, Term, Terms
from ..models import Consent, CountedJournal, Report
from ..models import measurement as measurements
from ..models.measurement import Counted
from ..models.transactions import ConsentHeldError, held_at_once, is_open
from .late import unsealed

logger = logging.getLogger("metric_collection.reporting.flushing")

MOST_TAKEN: Final = 100  # journals of ended processes in one transaction
MOST_POINTS: Final = 2_000  # from which on no further journal is taken
# Settings that identify a database. Passwords are left out, as the name of the folder is public.
DATABASE_KEYS: Final = ("ENGINE", "HOST", "PORT", "USER", "NAME")
LIBPQ_VARIABLES: Final = ("PGSERVICE", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS")
PATIENCE: Final = 2.0  # seconds, at exit
PAUSE: Final = 0.05  # seconds
# For a connection that is opened at exit, in the units of the drivers.
LIMITS: Final[Mapping[str, Mapping[str, int]]] = {
    "sqlite": {},  # only locks are waited for, briefly
    "postgresql": {"connect_timeout": 2, "tcp_user_timeout": 2_000},
    "mysql": {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
}


def first_terms() -> Terms:
    """Return the terms for counting until the first flush has asked the database.

    In the modes that need an answer, nothing is written to a disk before that.
    """
    if switched_off() or silenced():
        return OFF
    terms = {campaign_id: Term.always(each.campaign) for campaign_id, each in campaigns().items()}
    return Terms(campaigns=terms, place=state_folder() if conf.CONSENT is Mode.OPT_OUT else MEMORY)


def terms_of(standings: Mapping[str, Standing]) -> Terms:
    """Return the terms that the operator has set; off where no campaign may count."""
    terms = {campaign_id: standing.term for campaign_id, standing in standings.items()}
    is_on = any(term.window for term in terms.values())
    return Terms(campaigns=terms, place=state_folder(), is_on=is_on)


def is_time_limit(error: Exception) -> bool:
    """Whether this is Celery's SoftTimeLimitExceeded, by which a task of the host has to end."""
    billiard = sys.modules.get("billiard.exceptions")
    return billiard is not None and isinstance(error, billiard.SoftTimeLimitExceeded)


class Flusher(Forkable):
    """Flushes for one process, one thread at a time."""

    def __init__(
        self,
        meter: Meter,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter = meter
        self._clock = clock
        self._monotonic = monotonic
        self._due = float("-inf")
        self._has_failed = False
        self._own: list[Journal] = []  # retired, but not counted yet
        super().__init__()

    def _begin(self) -> None:
        # A child inherits these from its parent, which counts them itself.
        for journal in self._own:
            journal.release()
        self._own = []
        self._is_reachable = False  # the database, as far as is known
        self._removed: list[str] = []  # keys that no longer need to be noted
        self._stuck: set[str] = set()  # keys of counted journals that cannot be removed

    def flush_if_due(self) -> None:
        """Flush unless it is too early. Call this after the response or the task.

        Django has closed the connections of the request or task by then, so a new one is closed here.
        """
        if self._monotonic() >= self._due:
            self.flush()
            connections[router.db_for_write(CountedJournal)].close_if_unusable_or_obsolete()

    def flush_at_exit(self) -> None:
        """Flush as the process ends, if the database was reached lately; takes a few seconds at most."""
        if not (self._meter.has_counts or self._own):
            return
        database = connections[router.db_for_write(CountedJournal)]
        is_reachable = self._is_reachable or database.connection is not None
        if is_reachable and not database.in_atomic_block and database.vendor in LIMITS:
            limit_time(database)
            end = self._monotonic() + PATIENCE
            self.flush()
            # The workers of a server end together, and have to flush in turn.
            while self._is_reachable and self._meter.has_counts and self._monotonic() < end:
                time.sleep(PAUSE)
                self.flush()

    def flush(self) -> None:
        """Flush, unless another thread does so already, or the caller has a transaction open.

        A failure is logged, and the counts are kept for the next flush. Only the soft time limit of the
        Celery task that calls this is raised.
        """
        lock = self._of_this_process()
        if not lock.acquire(blocking=False):
            return
        try:
            # First of all, so that a failing flush is not repeated after every request.
            self._due = self._monotonic() + conf.FLUSH_INTERVAL.total_seconds()
            # Some servers fork without Python's hooks.
            self._meter.reset_after_fork()
            self._meter.learn(self._flush())
            self._has_failed = False
            self._is_reachable = True
        except ConsentHeldError as error:
            self._is_reachable = True
            logger.debug("Not flushed, will retry: %s", error)
        except Exception as error:  # the host must not fail because of us
            if is_time_limit(error):
                raise
            level = logging.DEBUG if self._has_failed else logging.WARNING  # once in each outage
            logger.log(level, "Flushing failed, will retry: %s", error)
            self._has_failed = True
            self._is_reachable = False
        finally:
            lock.release()

    def _flush(self) -> Terms:
        """Flush, and return the terms from now on."""
        terms = first_terms()
        # Nothing counts here, as in development, tests and CI, or without campaigns.
        if not (terms.is_on and terms.campaigns) and not switched_off():
            return terms
        if not switched_off() and is_open():
            # A rollback would undo the counting, but not the removal of the journals.
            raise ConsentHeldError("the caller has a transaction open")
        with self._abandoned() as abandoned:
            if switched_off():  # after something was counted
                self._finish([*abandoned, *self._retire()])
            elif abandoned or self._own or self._meter.has_counts:
                terms = terms_of(self._count(abandoned))
            else:
                # Without counts, reading is enough: most flushes take no lock and write nothing.
                now = self._clock()
                standings = self._standings(Consent.objects.current(), now=now, seen={})
                if any(standing.is_new for standing in standings.values()):
                    standings = self._count(abandoned)
                terms = terms_of(standings)
        return terms

    @contextmanager
    def _abandoned(self) -> Iterator[list[Journal]]:
        """Open journals of ended processes; if they are not counted, release them for the next flush."""
        taken: list[Journal] = []
        points = 0
        try:
            for journal in state_folder().abandoned(self._stuck):
                taken.append(journal)
                points += len(journal)
                if points >= MOST_POINTS or len(taken) >= MOST_TAKEN:
                    break
        except OSError as error:
            logger.debug("The journals of ended processes cannot be read: %s", error)
        try:
            yield taken
        finally:
            for journal in taken:
                journal.release()

    def _retire(self) -> list[Journal]:
        """Return the journals of this process; during an outage it keeps two at most."""
        if len(self._own) < 2 and (journal := self._meter.retire()):
            self._own.append(journal)
        return self._own

    def _standings(
        self, consent: Consent, *, now: datetime, seen: Mapping[str, datetime]
    ) -> Mapping[str, Standing]:
        """Return the standing of each campaign, none if metrics are off."""
        return windows.standings(consent, now=now, seen=seen) if ruling(consent).gathers else {}

    def _count(self, abandoned: Iterable[Journal]) -> Mapping[str, Standing]:
        """Count journals in one transaction, then remove them."""
        with held_at_once() as consent:
            journals = [*abandoned, *self._retire()]
            seen, now = first_seen(journals), self._clock()
            standings = self._standings(consent, now=now, seen=seen)
            if standings:
                windows.save(standings.values())
                new, since = self._note(journals), counts_since(consent, now=now)
                covered = [journal for journal in new if journal.begun >= since]
                measurements.count(unsealed(allowed(covered, standings, now=now), now=now))
        # After the commit: a process killed in between repeats the removal, as the keys are noted.
        self._finish(journals)
        return standings

    def _note(self, journals: Iterable[Journal]) -> list[Journal]:
        """Note the keys of journals and return those that had not been noted before."""
        by_key = {journal.key: journal for journal in journals}
        noted = CountedJournal.objects.in_bulk(by_key)
        new = [journal for key, journal in by_key.items() if key not in noted]
        CountedJournal.objects.bulk_create(
            CountedJournal(key=journal.key, counted_at=self._clock()) for journal in new
        )
        return new

    def _finish(self, journals: Iterable[Journal]) -> None:
        """Remove journals, and forget the keys of those that are certain to be gone."""
        self._own = []
        for journal in journals:
            if journal.discard():
                self._removed.append(journal.key)
            else:
                self._stuck.add(journal.key)
        if switched_off():  # the database is not touched
            return
        CountedJournal.objects.filter(key__in=self._removed).delete()
        self._removed.clear()


def first_seen(journals: Iterable[Journal]) -> dict[str, datetime]:
    """Return campaign id -> start of the first period that any of the journals has counted for."""
    seen: dict[str, datetime] = {}
    for journal in journals:
        for point in journal.points:
            found = seen.get(point.campaign_id, point.period_start)
            seen[point.campaign_id] = min(found, point.period_start)
    return seen


def allowed(
    journals: Iterable[Journal], standings: Mapping[str, Standing], *, now: datetime
) -> Iterator[Counted]:
    """Return the points of the journals that consent to their campaigns covers."""
    for journal in journals:
        for point in journal.counts():
            standing = standings.get(point.campaign_id)
            if not (standing and standing.allows(point, begun=journal.begun, now=now)):
                continue
            campaign, mean = standing.declared.campaign, point
            is_mean = campaign.event_aggregation_rule is EventAggregationRule.AVG
            if is_mean and isinstance(point, Event) and point.value is not None:
                mean = replace(point, value=point.value / point.times)  # journals hold sums
            yield campaign, mean


flusher = Flusher(meter)
atexit.register(flusher.flush_at_exit)
# The tests of a host may change settings.
setting_changed.connect(meter.forget, dispatch_uid="metric_collection.reporting.flushing")


def flush() -> None:
    """Flush this process; see ``metric_collection.flush``."""
    flusher.flush()


def limit_time(database: Any) -> None:
    """Reopen a connection so that it waits a few seconds at most for its server."""
    if limits := LIMITS[database.vendor]:
        database.close()
        options = {**database.settings_dict["OPTIONS"], **limits}
        options.pop("pool", None)
        database.settings_dict["OPTIONS"] = options


def state_folder() -> Place:
    """Return the private folder for the journals of this user's processes on this database.

    Memory where the platform or the machine has no such folder.
    """
    if not HAS_LOCKS:
        return Memory("this operating system has no locks that end with a process")
    try:
        parent = conf.STATE_FOLDER or Path(tempfile.gettempdir())
    except OSError as error:
        return Memory(str(error))
    try:
        digest = hashlib.sha256(identity().encode()).hexdigest()[:16]
    except ImproperlyConfigured as error:
        return Memory(str(error))
    return Folder(parent / f"metric_collection-{os.geteuid()}-{digest}")


def identity() -> str:
    """Return the settings that distinguish this product's database from others, without passwords."""
    database = connections[router.db_for_write(Report)]
    settings = database.settings_dict
    named = {key: str(settings[key]) for key in DATABASE_KEYS}
    if database.vendor == "sqlite":
        named["NAME"] = os.path.abspath(named["NAME"])  # noqa: PTH100  it may be a URL
    if database.vendor == "postgresql":
        named |= {key: os.environ.get(key, "") for key in LIBPQ_VARIABLES}
    # Options of the driver may name another server or schema, or hold a password.
    options = {
        key: value
        for key, value in settings["OPTIONS"].items()
        if isinstance(value, str | int) and "pass" not in key
    }
    return json.dumps([named, options], sort_keys=True)
