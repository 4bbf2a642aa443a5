"""Measuring: a call writes a cell into the journal of its process and returns.

It takes no lock for that: a journal that is full, or is closed by another thread in that moment,
takes no cell, and the call goes the long way, where there is a lock. What writes is looked up before
what is written: a number of the next journal then meets one that is closed, never the other way round.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final, TypeAlias

from ..cleaninsights.datapoints import DataPoint, Event, Visit
from ..cleaninsights.exceptions import MeasurementError
from ..cleaninsights.forks import after_fork
from . import ask
from .arguments import LARGEST_VALUE, SMALLEST_VALUE, number, path_of, text
from .folder import MEMORY, Place
from .journal import Entry, Journal, cell, code_of, pack
from .policy import OFF, Terms

logger = logging.getLogger("metric_collection.measuring")

MOST_ENTRIES: Final = 4_096  # in one journal: names that are made of data would never end
MOST_REMEMBERED: Final = 2 * MOST_ENTRIES
MOST_COMPLAINTS: Final = 100
UNCOUNTED: Final = 0
# What the short way ends with: not seen before, not to be measured, a journal that takes no more, or
# whatever a host's own object raises when it is looked at.
NOT_SO_FAST: Final = Exception
NO_CELL: Final = b""  # what is written where nothing is to be counted

Key: TypeAlias = tuple[Any, ...]
Make: TypeAlias = Callable[..., DataPoint]


class Meter:
    """Counts for one process, on the terms that `ask` tells at the first call, if it can.

    The clock counts seconds since the epoch. A forked child has to `begin_anew`.
    """

    def __init__(
        self, ask: Callable[[], Terms | None] = ask, clock: Callable[[], float] = time.time
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._journal: Journal | None = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Leave the counts there are to others: to the parent of a child that has inherited them."""
        self._lock = threading.RLock()  # a call may lead to another, by way of the log or a signal
        if self._journal is not None:
            self._journal.release()
        self._journal = None
        self._write: Callable[[bytes], object] = len
        self._cells: dict[Key, bytes] = {}
        self._codes: dict[Key, int] = {}
        self._complaints: set[str] = set()
        self.forget()

    def forget(self, **_: Any) -> None:
        """Ask for the terms once more at the next call."""
        self._terms: Terms | None = None
        self._is_off = False
        self._edge = float("-inf")

    def learn(self, terms: Terms) -> None:
        """Count on these terms from now on."""
        with self._lock:
            self._terms = terms
            self._is_off = not terms.is_on
            self._edge = float("-inf")

    @property
    def terms(self) -> Terms:
        """The terms on which this process counts."""
        if self._terms is None and (terms := self._ask()) is not None:
            self.learn(terms)
        return self._terms or OFF

    @property
    def has_counts(self) -> bool:
        """Whether there is a journal to retire."""
        return self._journal is not None

    def retire(self) -> Journal | None:
        """Hand over what was counted so far; the next call begins another journal."""
        with self._lock:
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.close()
            self._edge = float("-inf")
            return journal

    def measure_event(
        self,
        category: str,
        action: str,
        campaign_id: str,
        name: str | None = None,
        value: float | None = None,
    ) -> None:
        """Count an event if its campaign is running and consented to; never raises, never waits."""
        if self._is_off:
            return
        if self._clock() < self._edge:
            try:
                if value is None:
                    self._write(self._cells[category, action, campaign_id, name])
                    return
                if SMALLEST_VALUE <= value <= LARGEST_VALUE:
                    write, code = self._write, self._codes[category, action, campaign_id, name]
                    if code:
                        write(pack(value, code))
                    return
            except NOT_SO_FAST:
                pass
        self._measure_event(category, action, campaign_id, name, value)

    def measure_visit(self, path: Iterable[str], campaign_id: str) -> None:
        """Count a visit of the place at `path`, outermost part first; never raises, never waits."""
        if self._is_off:
            return
        if path.__class__ is list:  # a list cannot be looked up
            path = tuple(path)
        if self._clock() < self._edge:
            try:
                self._write(self._cells[path, campaign_id])
            except NOT_SO_FAST:
                pass
            else:
                return
        self._measure_visit(path, campaign_id)

    def _measure_event(
        self, category: str, action: str, campaign_id: str, name: str | None, value: float | None
    ) -> None:
        try:
            make = partial(
                Event,
                category=text(category),
                action=text(action),
                name=name if name is None else text(name, may_be_empty=True),
            )
            amount = value if value is None else number(value)
            self._count((category, action, text(campaign_id), name), amount, make, campaign_id)
        except (MeasurementError, OSError) as error:
            logger.debug("An event is not counted: %s.", error)
        except Exception as error:  # noqa: BLE001  see NOT_SO_FAST
            logger.debug("An event is not counted: %s.", type(error).__name__)

    def _measure_visit(self, path: Iterable[str], campaign_id: str) -> None:
        try:
            parts = path_of(path)
            key = path if isinstance(path, str) else parts, text(campaign_id)
            self._count(key, None, partial(Visit, path=parts), campaign_id)
        except (MeasurementError, OSError) as error:
            logger.debug("A visit is not counted: %s.", error)
        except Exception as error:  # noqa: BLE001  see NOT_SO_FAST
            logger.debug("A visit is not counted: %s.", type(error).__name__)

    def _count(self, key: Key, value: float | None, make: Make, campaign_id: str) -> None:
        """Go the long way, and remember what makes the next way short."""
        with self._lock:
            if self._clock() >= self._edge or len(self._cells) > MOST_REMEMBERED:
                self._keep_up()
            if not self.terms.is_on:
                return
            content = self._content(key, value, make, campaign_id)
            try:
                self._write(content)
            except ValueError:
                self._make_room()
                self._write(content)
            if self._is_recorded_once(campaign_id):
                self._cells[key], self._codes[key] = NO_CELL, UNCOUNTED

    def _content(self, key: Key, value: float | None, make: Make, campaign_id: str) -> bytes:
        """Return what a call writes, and keep what the next one with this key needs for that."""
        if value is None:
            if key not in self._cells:
                found = self._define(make, campaign_id, valued=False)
                self._cells[key] = cell(found) if found else NO_CELL
            return self._cells[key]
        if key not in self._codes:
            found = self._define(make, campaign_id, valued=True)
            self._codes[key] = code_of(found) if found else UNCOUNTED
        code = self._codes[key]
        return pack(value, code) if code else NO_CELL

    def _keep_up(self) -> None:
        """Look everything up anew: terms or journal are others, or a period has begun or ended."""
        self._edge = self.terms.next_change(self._now())
        self._cells.clear()
        self._codes.clear()

    def _define(self, make: Make, campaign_id: str, *, valued: bool) -> int:
        """Return the number of something that is counted now, UNCOUNTED if it is not."""
        term = self.terms.campaigns.get(campaign_id)
        if term is None:
            self._complain("There is no campaign %r; nothing is counted for it.", campaign_id)
            return UNCOUNTED
        period = term.period(self._now())
        if period is None:
            return UNCOUNTED
        journal = self._journal or self._begin()
        if len(journal.entries) >= MOST_ENTRIES:
            self._complain("Campaign %r counts too many different things.", campaign_id)
            return UNCOUNTED
        point = make(campaign_id=campaign_id, period_start=period.start, period_end=period.end)
        return journal.define(Entry(point=point, valued=valued))

    def _is_recorded_once(self, campaign_id: str) -> bool:
        term = self.terms.campaigns.get(campaign_id)
        return term is not None and term.campaign.only_record_once

    def _make_room(self) -> None:
        """Put a journal with the sums in the place of the full one; numbers stay as they are."""
        full = self._journal or self._begin()
        self._keep(self._attempt(lambda place: place.rewrite(full)))

    def _begin(self) -> Journal:
        begun = self._now()
        return self._keep(self._attempt(lambda place: place.create(begun)))

    def _attempt(self, make: Callable[[Place], Journal]) -> Journal:
        """Make a journal where the terms say, or in memory if that fails."""
        try:
            return make(self.terms.place)
        except OSError as error:
            self._complain("Counts are kept in memory only: %s.", error)
            return make(MEMORY)

    def _keep(self, journal: Journal) -> Journal:
        self._journal, self._write = journal, journal.write
        return journal

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), timezone.utc)

    def _complain(self, sentence: str, about: object) -> None:
        """Say it in the log, once in the life of a process."""
        complaint = sentence % about
        if complaint not in self._complaints and len(self._complaints) < MOST_COMPLAINTS:
            self._complaints.add(complaint)
            logger.debug(complaint)


meter = Meter()
after_fork(meter.begin_anew)

measure_event = meter.measure_event
measure_visit = meter.measure_visit
