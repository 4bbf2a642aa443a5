"""Flushing: what the processes of this host have measured is counted into the database.

Journals are counted in one transaction, which also notes their keys; then their files are removed.
Whenever a process is killed in between, every count gets in, and gets in once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from django.core.signals import setting_changed
from django.db import connections, router, transaction

from ..campaigns import campaigns
from ..cleaninsights.campaigns import Campaign, EventAggregationRule
from ..cleaninsights.clock import EPOCH, Clock, utc_now
from ..cleaninsights.datapoints import DataPoint, Event
from ..cleaninsights.forks import Forkable
from ..conf.settings import Mode, conf
from ..consent import campaigns as windows
from ..consent.campaigns import Standing
from ..consent.rules import ruling, silenced, switched_off
from ..measuring.folder import MEMORY, Folder
from ..measuring.journal import Journal
from ..measuring.meter import Meter, meter
from ..measuring.policy import OFF, Term, Terms
from ..models import Consent, CountedJournal, Report
from ..models import measurement as measurements
from ..models.measurement import Counted
from ..models.transactions import held
from ..recorders.versions import capped

logger = logging.getLogger("metric_collection.reporting.flushing")

MOST_TAKEN: Final = 100  # journals of other processes in one transaction


def first_terms() -> Terms:
    """Return the terms on which to count until the database has been asked, and a flush decides.

    Where silence is no yes, nothing is written to a disk before that.
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
        self._waiting: list[Journal] = []
        super().__init__()

    def _begin(self) -> None:
        for journal in self._waiting:
            journal.release()
        self._waiting = []
        self._gone: list[str] = []

    def flush_if_due(self) -> None:
        """Flush unless it is too early; to be called when nobody waits for this thread any more.

        Django has closed what connections are to be closed by then, so a new one is closed here.
        """
        if self._monotonic() >= self._due:
            self.flush()
            connections[router.db_for_write(CountedJournal)].close_if_unusable_or_obsolete()

    def flush(self) -> None:
        """Count what there is, unless another thread does. What fails is logged and stays for later."""
        lock = self._of_this_process()
        if not lock.acquire(blocking=False):
            return
        try:
            self._due = self._monotonic() + conf.FLUSH_INTERVAL.total_seconds()
            self._meter.learn(self._flush())
            self._has_failed = False
        except Exception as error:  # noqa: BLE001  the host's thread is not to suffer
            self._complain(error)
        finally:
            lock.release()

    def _flush(self) -> Terms:
        """Count what there is, and return the terms from now on."""
        terms = first_terms()
        if switched_off():
            self._drop()
        if not (terms.is_on and terms.campaigns):
            return terms
        self._take_up()
        if not (self._waiting or self._meter.has_counts):
            standings = self._standings(Consent.objects.current(), seen=self._clock())
            if not any(standing.is_new for standing in standings.values()):
                return terms_of(standings)
        return terms_of(self._count())

    def _drop(self) -> None:
        """Forget what was counted before somebody has switched everything off."""
        self._take_up()
        self._retire()
        self._finish(tuple(self._waiting))

    def _take_up(self) -> None:
        """Take up what processes have left that have ended, if the folder can be used."""
        with suppress(OSError):
            self._waiting.extend(islice(state_folder().abandoned(), MOST_TAKEN))

    def _retire(self) -> None:
        if (journal := self._meter.retire()) is not None:
            self._waiting.append(journal)

    def _standings(self, consent: Consent, *, seen: datetime) -> Mapping[str, Standing]:
        """Return where the campaigns stand, none if metrics are off; new ones are seen since `seen`."""
        return windows.standings(consent, now=seen) if ruling(consent).gathers else {}

    def _count(self) -> Mapping[str, Standing]:
        """Count what waits in one transaction; only from its end on is it gone from here."""
        with held() as consent:
            self._retire()
            journals = tuple(self._waiting)
            seen = min([self._clock(), *(journal.begun for journal in journals)])
            standings = self._standings(consent, seen=seen)
            if standings:
                windows.save(standings.values())
                new = self._note(journals)
                points = allowed(new, standings, since=consent.decided_at or EPOCH)
                measurements.count(capped(points))
            done = partial(self._finish, journals)
            transaction.on_commit(done, using=router.db_for_write(CountedJournal))
        return standings

    def _note(self, journals: Sequence[Journal]) -> list[Journal]:
        """Note the keys of journals and return those that had not been noted before."""
        noted = CountedJournal.objects.in_bulk(journal.key for journal in journals)
        new = [journal for journal in journals if journal.key not in noted]
        CountedJournal.objects.filter(key__in=self._gone).delete()
        CountedJournal.objects.bulk_create(
            CountedJournal(key=journal.key, counted_at=self._clock()) for journal in new
        )
        return new

    def _finish(self, journals: Sequence[Journal]) -> None:
        """Remove journals that are counted; the next flush forgets their keys."""
        self._gone = [journal.key for journal in journals]
        self._waiting = [journal for journal in self._waiting if journal not in journals]
        for journal in journals:
            journal.discard()

    def _complain(self, error: Exception) -> None:
        """Say once that counting fails."""
        level = logging.DEBUG if self._has_failed else logging.WARNING
        logger.log(level, "What was measured waits to be counted: %s", error)
        self._has_failed = True


def allowed(
    journals: Iterable[Journal], standings: Mapping[str, Standing], *, since: datetime
) -> Iterator[Counted]:
    """Return what consent covers of what the journals have counted, none from before `since`."""
    for journal in journals:
        for point in journal.counts() if journal.begun >= since else ():
            standing = standings.get(point.campaign_id)
            if standing and standing.allows(point, begun=journal.begun):
                yield standing.declared.campaign, aggregated(standing.declared.campaign, point)


def aggregated(campaign: Campaign, point: DataPoint) -> DataPoint:
    """Return a point whose value is the sum of all with the value that its campaign wants."""
    is_mean = campaign.event_aggregation_rule is EventAggregationRule.AVG
    if is_mean and isinstance(point, Event) and point.value is not None:
        return replace(point, value=point.value / point.times)
    return point


flusher = Flusher(meter)
# Terms are learned here first, so nobody else needs to know when the tests of a host change settings.
setting_changed.connect(meter.forget, dispatch_uid="metric_collection.reporting.flushing")


def state_folder() -> Folder:
    """Return the private folder for the journals of this user's processes on this database."""
    database = connections[router.db_for_write(Report)]
    named = [str(database.settings_dict[key]) for key in ("ENGINE", "HOST", "PORT", "NAME")]
    if database.vendor == "sqlite":
        named[-1] = os.path.abspath(named[-1])  # noqa: PTH100  it may be a URL
    digest = hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    parent = conf.STATE_FOLDER or Path(tempfile.gettempdir())
    return Folder(parent / f"metric_collection-{os.geteuid()}-{digest}")
