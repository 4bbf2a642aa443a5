"""A store in one file, which several processes may share."""

from __future__ import annotations

import logging
import os
import random
import sqlite3
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .backoff import Backoff
from .campaigns import Campaign
from .clock import EPOCH
from .consents import Consent
from .datapoints import DataPoint, Event, identity_of, point_of
from .exceptions import StoreError
from .forks import Forkable
from .stores import MOST_SEALED, Batch, Pack, fitting

if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


logger = logging.getLogger(__name__)

_TICK: Final = timedelta(microseconds=1)
_PATIENCE: Final = 30.0  # seconds that a call waits for a file that another process has locked
_MOST_UNWRITTEN: Final = 10_000  # points kept in memory while the file cannot be written
_COARSE: Final = 50_000_000  # ns: a file that changed so recently may change again unnoticed
_VERSION: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE points (
        id INTEGER PRIMARY KEY,
        campaign_id TEXT NOT NULL,
        period_start INTEGER NOT NULL,
        period_end INTEGER NOT NULL,
        identity TEXT NOT NULL,
        times INTEGER NOT NULL,
        value,
        batch TEXT NOT NULL
    )""",
    """CREATE UNIQUE INDEX rows ON points
        (campaign_id, period_start, period_end, identity) WHERE batch = ''""",
    "CREATE TABLE batches (key TEXT PRIMARY KEY, body BLOB NOT NULL)",
    """CREATE TABLE consents (
        subject TEXT PRIMARY KEY, granted INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER
    )""",
    """CREATE TABLE backoff (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        failures INTEGER NOT NULL,
        failed_at INTEGER NOT NULL,
        asked REAL NOT NULL
    )""",
)

_FIND: Final = """SELECT campaign_id, period_start, period_end, identity, times, value, id FROM points
    WHERE campaign_id = ? AND period_start = ? AND period_end = ? AND identity = ? AND batch = ''"""
_FIND_OVER: Final = """SELECT campaign_id, period_start, period_end, identity, times, value, id
    FROM points WHERE period_end < ? ORDER BY id"""
_FIND_SEALED: Final = """SELECT campaign_id, period_start, period_end, identity, times, value
    FROM points WHERE batch = ? ORDER BY id"""
_ADD: Final = "INSERT INTO points VALUES (NULL, ?, ?, ?, ?, ?, ?, '')"
_RECOUNT: Final = "UPDATE points SET times = ?, value = ? WHERE id = ?"
_TAKE: Final = "UPDATE points SET batch = ? WHERE id = ?"
_PURGE: Final = """DELETE FROM points
    WHERE period_end < ? AND batch NOT IN (SELECT key FROM batches)"""

# SQLite keeps its locks in the memory of the process: a child forked during a transaction of another thread
# would find the file locked for the rest of its life. So a fork waits for the end of the transaction.
_transactions: Final = threading.Lock()
_locked_files: Final[set[int]] = set()


def _after_fork_in_child() -> None:
    """Drop inherited locks: they are the parent's, and must end with it."""
    _transactions.release()
    for file in _locked_files:
        os.close(file)
    _locked_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_transactions.acquire,
        after_in_parent=_transactions.release,
        after_in_child=_after_fork_in_child,
    )


class FileStore(Forkable):
    """A store in an SQLite file: no kill leaves it half written, and processes may share it.

    `merge` only adds to memory; `persist` writes. A forked child leaves unwritten points to its parent.
    Both the file and the lock file of the sending process, named "<path>-sending", are private to their user.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = Path(path)
        self._consents: dict[str, Consent] = {}
        self._consents_as_of: tuple[int, int, int] | None = None
        self._is_losing = False

    def _begin(self) -> None:
        self._merged: deque[tuple[Campaign, DataPoint]] = deque()

    @contextmanager
    def _transaction(self, *, patience: float = _PATIENCE) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, waiting for other processes without holding up a fork."""
        end = time.monotonic() + patience
        with self._reported():
            while True:
                with _transactions, closing(_open(self._path)) as file:
                    if _begun(file, may_fail=time.monotonic() < end):
                        if file.execute("PRAGMA user_version").fetchone() == (0,):
                            for statement in _SCHEMA:
                                file.execute(statement)
                            file.execute(f"PRAGMA user_version = {_VERSION}")
                        yield file
                        file.execute("COMMIT")
                        return
                time.sleep(random.uniform(0.001, 0.02))  # noqa: S311  processes take turns

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the store {self._path} cannot be used: {error}") from error

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Keep a point in memory until it is persisted, at most 10,000 of them.

        If the file cannot be written by then, further points are lost, with one warning.
        """
        with self._of_this_process():
            is_full = len(self._merged) >= _MOST_UNWRITTEN
        if is_full:
            with suppress(StoreError):
                self.persist(wait=False)
        with self._of_this_process():
            if len(self._merged) < _MOST_UNWRITTEN:
                self._merged.append((campaign, point))
                self._is_losing = False
                return
        if not self._is_losing:
            self._is_losing = True
            logger.warning("Measurements are lost: %s cannot be written.", self._path)

    def persist(self, *, wait: bool = True) -> None:
        """Write merged points, or raise StoreError and keep them."""
        with self._of_this_process():
            unwritten, self._merged = self._merged, deque()
        if not unwritten:
            return
        try:
            with self._transaction(patience=_PATIENCE if wait else 0) as file:
                for campaign, point in unwritten:
                    _count(file, campaign, point)
        except BaseException:
            with self._of_this_process():
                self._merged.extendleft(reversed(unwritten))
            raise

    def consent(self, subject: str) -> Consent | None:
        """Return the consent to a subject, whichever process has written it."""
        try:
            status = self._path.stat()
        except OSError:
            as_of = None
        else:
            as_of = status.st_ino, status.st_mtime_ns, status.st_size
        if as_of is None or as_of != self._consents_as_of:
            with self._reported(), _transactions, closing(_open(self._path, timeout=1)) as file:
                self._consents = _consents(file)
            is_settled = as_of and time.time_ns() - as_of[1] > _COARSE
            self._consents_as_of = as_of if is_settled else None
        return self._consents.get(subject)

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Store the consent to a subject."""
        end = None if consent.end is None else _ticks(consent.end)
        row = (subject, consent.granted, _ticks(consent.start), end)
        with self._transaction() as file:
            file.execute("REPLACE INTO consents VALUES (?, ?, ?, ?)", row)
        self._consents_as_of = None

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Whether no other process sends from this file; the lock ends with the process."""
        with self._reported():
            file = os.open(f"{self._path}-sending", os.O_RDWR | os.O_CREAT, 0o600)
        _locked_files.add(file)
        is_ours = False
        try:
            with suppress(OSError):  # another process has the lock
                _lock(file)
                is_ours = True
            yield is_ours
        finally:
            _locked_files.discard(file)
            os.close(file)

    def backoff(self) -> Backoff:
        """Return the backoff, which outlives the process."""
        with self._transaction() as file:
            row = file.execute("SELECT failures, failed_at, asked FROM backoff").fetchone()
        if row is None:
            return Backoff()
        return Backoff(failures=row[0], failed_at=_moment(row[1]), asked=row[2])

    def put_backoff(self, backoff: Backoff) -> None:
        """Store the backoff."""
        row = (backoff.failures, _ticks(backoff.failed_at), backoff.asked)
        with self._transaction() as file:
            file.execute("REPLACE INTO backoff VALUES (1, ?, ?, ?)", row)

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else a new one of finished periods."""
        self.persist()
        with self._transaction() as file:
            if row := file.execute("SELECT key, body FROM batches").fetchone():
                points = tuple(map(_point, file.execute(_FIND_SEALED, row[:1])))
                return Batch(key=row[0], body=row[1], points=points)
            over = file.execute(_FIND_OVER, (_ticks(now),))
            due = [(row[-1], _point(row)) for row in over if row[0] in campaigns]
            if not due:
                return None
            points, body = fitting([point for _, point in due[:MOST_SEALED]], pack)
            batch = Batch(key=str(uuid.uuid4()), body=body, points=points)
            file.execute("INSERT INTO batches VALUES (?, ?)", (batch.key, batch.body))
            file.executemany(_TAKE, [(batch.key, number) for number, _ in due[: len(points)]])
            return batch

    def settle(self, batch: Batch) -> None:
        """Delete a delivered batch with its points."""
        with self._transaction() as file:
            file.execute("DELETE FROM points WHERE batch = ?", (batch.key,))
            file.execute("DELETE FROM batches WHERE key = ?", (batch.key,))

    def release(self, batch: Batch) -> None:
        """Delete a batch; its points keep its key, so that nothing is added to them."""
        with self._transaction() as file:
            file.execute("DELETE FROM batches WHERE key = ?", (batch.key,))

    def purge(self, before: datetime) -> None:
        """Delete points whose period ended before then, except those of a batch."""
        with self._transaction() as file:
            file.execute(_PURGE, (_ticks(before),))


def _open(path: Path, *, timeout: float = 0) -> sqlite3.Connection:
    """Open the file, which is private to its user; transactions are begun and ended by hand."""
    # SQLite itself would create the file with the permissions of the process's umask.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return sqlite3.connect(path, timeout=timeout, isolation_level=None)


def _begun(file: sqlite3.Connection, *, may_fail: bool) -> bool:
    """Begin a transaction; False if the file is locked and another attempt may follow."""
    try:
        # At once for writing: a transaction that has read can fail when it begins to write.
        file.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if may_fail and str(error) == "database is locked":
            return False
        raise
    file.execute("PRAGMA busy_timeout = 1000")  # a commit waits for readers, which are quick
    return True


def _consents(file: sqlite3.Connection) -> dict[str, Consent]:
    if file.execute("PRAGMA user_version").fetchone() == (0,):
        return {}
    found = {}
    for row in file.execute("SELECT subject, granted, start, end FROM consents"):
        subject, granted, start, end = row
        until = None if end is None else _moment(end)
        found[subject] = Consent(granted=bool(granted), start=_moment(start), end=until)
    return found


def _count(file: sqlite3.Connection, campaign: Campaign, point: DataPoint) -> None:
    period = _ticks(point.period_start), _ticks(point.period_end)
    row = (point.campaign_id, *period, identity_of(point))
    known = file.execute(_FIND, row).fetchone()
    if known is None:
        file.execute(_ADD, (*row, point.times, _value(point)))
    else:
        merged = campaign.merged(_point(known), point)
        file.execute(_RECOUNT, (merged.times, _value(merged), known[-1]))


def _value(point: DataPoint) -> float | None:
    return point.value if isinstance(point, Event) else None


def _point(row: Sequence[Any]) -> DataPoint:
    campaign_id, start, end, identity, times, value = row[:6]
    return point_of(
        identity,
        campaign_id=campaign_id,
        period_start=_moment(start),
        period_end=_moment(end),
        times=times,
        value=value,
    )


def _ticks(moment: datetime) -> int:
    return (moment - EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return EPOCH + ticks * _TICK
