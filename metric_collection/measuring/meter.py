"""Measuring: a call writes a cell into the journal of its process and returns.

This needs no lock: a journal that is full, or is closed by another thread at that moment, takes no
cell, and the call takes the slow path, which has a lock. The fast path looks up the journal's
`write` before the cell to write: a number of the next journal then meets a closed one, never the
other way round.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final, TypeAlias

from ..cleaninsights.datapoints import DataPoint, Event, Visit, other
from ..cleaninsights.exceptions import MeasurementError
from ..cleaninsights.forks import after_fork
from . import ask
from .arguments import LARGEST_VALUE, SMALLEST_VALUE, are_plain, number, path_of, text
from .folder import MEMORY, Place
from .journal import Entry, Journal, cell, code_of, pack
from .policy import MOST_NAMES, OFF, Terms

logger = logging.getLogger("metric_collection.measuring")

MOST_ENTRIES: Final = 4_096  # in one journal
MOST_REMEMBERED: Final = 2 * MOST_ENTRIES
MOST_COMPLAINTS: Final = 100
UNCOUNTED: Final = 0
# Raised on the fast path by a key that is new or not hashable, a journal that takes no more cells,
# or a value that is no number. Nothing else may be caught there: what a signal handler raises, such
# as Celery's SoftTimeLimitExceeded, belongs to the host.
NOT_SO_FAST: Final = (KeyError, TypeError, ValueError)
NO_CELL: Final = b""  # written where nothing is to be counted

Key: TypeAlias = tuple[Any, ...]
Make: TypeAlias = Callable[..., DataPoint]


class Meter:
    """Counts for one process, on the terms that `ask` returns.

    The clock counts seconds since the epoch. A forked child has to call `reset`. Python's
    hooks do so, but some servers fork without them; there, every call compares the process id.
    """

    def __init__(
        self,
        ask: Callable[[], Terms | None] = ask,
        clock: Callable[[], float] = time.time,
        *,
        has_fork_hooks: bool = True,
    ) -> None:
        self._ask = ask
        self._time = clock
        self._clock = clock if has_fork_hooks else self._clock_of_this_process
        self._journal: Journal | None = None
        self.reset()

    def reset(self) -> None:
        """Reset everything in a forked child: the inherited counts belong to its parent."""
        self._pid = os.getpid()
        self._lock = threading.RLock()  # a call may lead to another, by way of the log or a signal
        if self._journal is not None:
            self._journal.release()
        self._journal = None
        self._write: Callable[[bytes], object] = len
        self._cells: dict[Key, bytes] = {}
        self._codes: dict[Key, int] = {}
        self._names: Counter[Key] = Counter()
        self._complaints: set[str] = set()
        self.forget()

    def reset_after_fork(self) -> None:
        """Reset everything if this process was forked without Python's hooks."""
        if self._pid != os.getpid():
            self.reset()

    def _clock_of_this_process(self) -> float:
        self.reset_after_fork()
        return self._time()

    def forget(self, **_: Any) -> None:
        """Ask for the terms again at the next call."""
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
        """Close and return the journal, if there is one; the next call begins another."""
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
        """Count an event if its campaign is running and consented to. Never raises, never blocks."""
        if self._is_off:
            return
        try:
            if self._clock() < self._edge:
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
        except Exception:
            if are_plain(category, action, campaign_id, name, value):
                raise
        self._measure_event(category, action, campaign_id, name, value)

    def measure_visit(self, path: Iterable[str], campaign_id: str) -> None:
        """Count a visit to `path`, outermost part first. Never raises, never blocks."""
        if self._is_off:
            return
        if path.__class__ is list:  # a list cannot be looked up
            path = tuple(path)
        try:
            if self._clock() < self._edge:
                self._write(self._cells[path, campaign_id])
                return
        except NOT_SO_FAST:
            pass
        except Exception:
            if are_plain(path, campaign_id):
                raise
        self._measure_visit(path, campaign_id)

    def _measure_event(
        self, category: str, action: str, campaign_id: str, name: str | None, value: float | None
    ) -> None:
        try:
            category, action, campaign_id = text(category), text(action), text(campaign_id)
            name = name if name is None else text(name, may_be_empty=True)
            amount = value if value is None else number(value)
        except MeasurementError as error:
            logger.debug("An event is not counted: %s.", error)
            return
        make = partial(Event, category=category, action=action, name=name)
        self._count((category, action, campaign_id, name), amount, make, campaign_id)

    def _measure_visit(self, path: Iterable[str], campaign_id: str) -> None:
        try:
            parts, campaign_id = path_of(path), text(campaign_id)
        except MeasurementError as error:
            logger.debug("A visit is not counted: %s.", error)
            return
        key = parts[0] if isinstance(path, str) else parts, campaign_id
        self._count(key, None, partial(Visit, path=parts), campaign_id)

    def _count(self, key: Key, value: float | None, make: Make, campaign_id: str) -> None:
        """Take the slow path, and cache under `key` the content for the fast path."""
        with self._lock:
            is_full = len(self._cells) + len(self._codes) > MOST_REMEMBERED
            if self._clock() >= self._edge or is_full:
                # The terms or the journal have changed, or a period has begun: look everything up anew.
                self._edge = self.terms.next_change(self._now())
                self._cells.clear()
                self._codes.clear()
            if not self.terms.is_on:
                return
            content = self._content(key, value, make, campaign_id)
            try:
                self._write(content)
            except ValueError:  # full; the next one begins with the sums
                self._replace(self._journal or self._begin(), self.terms.place)
                self._write(content)
            term = self.terms.campaigns.get(campaign_id)
            if term is not None and term.campaign.only_record_once:
                self._cells[key], self._codes[key] = NO_CELL, UNCOUNTED

    def _content(self, key: Key, value: float | None, make: Make, campaign_id: str) -> bytes:
        """Return the cell to write, and cache it for the next call with this key."""
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

    def _define(self, make: Make, campaign_id: str, *, valued: bool) -> int:
        """Return the number under which something is counted now, UNCOUNTED if it is not."""
        term = self.terms.campaigns.get(campaign_id)
        if term is None:
            self._complain("There is no campaign %r; nothing is counted for it.", campaign_id)
            return UNCOUNTED
        period = term.period(self._now())
        if period is None:
            return UNCOUNTED
        journal = self._journal or self._begin()
        point = make(campaign_id=campaign_id, period_start=period.start, period_end=period.end)
        entry = Entry(point=point, valued=valued)
        group = campaign_id, period.end
        if journal.number(entry) is None and self._names[group] >= MOST_NAMES:
            self._complain("Campaign %r counts too many different names.", campaign_id)
            entry = Entry(point=other(point), valued=valued)
        known = journal.number(entry)
        if known is not None:
            return known
        if len(journal) >= MOST_ENTRIES:
            self._complain("The journal has no room for more names of campaign %r.", campaign_id)
            return UNCOUNTED
        self._names[group] += 1
        return self._add(journal, entry)

    def _add(self, journal: Journal, entry: Entry) -> int:
        """Define an entry; if the disk is full, go on in memory with all that was counted."""
        try:
            return journal.define(entry)
        except OSError as error:
            self._complain("Counts are kept in memory only: %s.", error)
            return self._replace(journal, MEMORY).define(entry)

    def _replace(self, journal: Journal, place: Place) -> Journal:
        """Go on in a journal with the sums of this one, under the same numbers; if need be, in memory."""
        try:
            fresh = self._keep(place.rewrite(journal))
        except OSError as error:
            self._complain("Counts are kept in memory only: %s.", error)
            fresh = self._keep(MEMORY.rewrite(journal))
        journal.discard()  # last, as a signal handler may raise at any step
        return fresh

    def _begin(self) -> Journal:
        begun = self._now()
        self._names.clear()
        try:
            return self._keep(self.terms.place.create(begun))
        except OSError as error:
            self._complain("Counts are kept in memory only: %s.", error)
            return self._keep(MEMORY.create(begun))

    def _keep(self, journal: Journal) -> Journal:
        self._journal, self._write = journal, journal.write
        return journal

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), timezone.utc)

    def _complain(self, sentence: str, about: object) -> None:
        """Log a sentence at DEBUG, once in the life of a process."""
        complaint = sentence % about
        if complaint not in self._complaints and len(self._complaints) < MOST_COMPLAINTS:
            self._complaints.add(complaint)
            logger.debug(complaint)


meter = Meter(has_fork_hooks="uwsgi" not in sys.modules)  # uWSGI forks without them by default
after_fork(meter.reset)

measure_event = meter.measure_event
measure_visit = meter.measure_visit
