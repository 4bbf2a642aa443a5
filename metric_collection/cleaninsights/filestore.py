"""A store in one file, which several processes may share."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .backoff import Backoff
from .campaigns import Campaign
from .clock import EPOCH
from .consents import Consent
from .datapoints import DataPoint, Event, Visit
from .exceptions import StoreError
from .forks import Forkable
from .stores import Batch, Pack, new_key

_TICK: Final = timedelta(microseconds=1)
_MOST_UNWRITTEN: Final = 10_000  # points kept in memory while the file cannot be written
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


class FileStore(Forkable):
    """A store in an SQLite file: no kill leaves it half written, and processes may share it.

    The file is opened for each transaction: a connection must not be carried over a fork. What has
    been merged and not yet persisted is in memory; a forked child leaves it to its parent. A second
    file beside it, with "-sending" behind its name, is what the process that sends has locked.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = Path(path)
        self._consents: dict[str, Consent] = {}
        self._consents_as_of: tuple[int, int] | None = None

    def _begin(self) -> None:
        self._merged: deque[tuple[Campaign, DataPoint]] = deque(maxlen=_MOST_UNWRITTEN)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._told(), closing(_open(self._path)) as file:
            file.execute("BEGIN IMMEDIATE")
            _prepare(file)
            yield file
            file.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"the store {self._path} cannot be used: {error}") from error

    def merge(self, campaign: Campaign, point: DataPoint) -> None:
        """Remember a point; `persist` counts it into its row."""
        with self._of_this_process():
            self._merged.append((campaign, point))

    def persist(self) -> None:
        """Count into the file what has been merged since; if it fails, nothing is forgotten."""
        with self._of_this_process():
            if self._merged:
                with self._transaction() as file:
                    for campaign, point in self._merged:
                        _count(file, campaign, point)
                self._merged.clear()

    def consent(self, subject: str) -> Consent | None:
        """Return what was said about a subject, by whichever process."""
        written = self._last_written()
        if written is None or written != self._consents_as_of:
            with self._transaction() as file:
                rows = file.execute("SELECT subject, granted, start, end FROM consents")
                self._consents = {row[0]: _consent(*row[1:]) for row in rows}
            self._consents_as_of = written
        return self._consents.get(subject)

    def _last_written(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def put_consent(self, subject: str, consent: Consent) -> None:
        """Keep what was said about a subject."""
        end = None if consent.end is None else _ticks(consent.end)
        row = (subject, consent.granted, _ticks(consent.start), end)
        with self._transaction() as file:
            file.execute("REPLACE INTO consents VALUES (?, ?, ?, ?)", row)
        self._consents_as_of = None

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Whether no other process sends from this file; its lock ends with it, however it does."""
        with self._told(), closing(_open(f"{self._path}-sending", timeout=0)) as lock:
            yield _locked(lock)

    def backoff(self) -> Backoff:
        """Return the state of sending, which outlives the process."""
        with self._transaction() as file:
            row = file.execute("SELECT failures, failed_at, asked FROM backoff").fetchone()
        if row is None:
            return Backoff()
        return Backoff(failures=row[0], failed_at=_moment(row[1]), asked=row[2])

    def put_backoff(self, backoff: Backoff) -> None:
        """Keep the state of sending."""
        row = (backoff.failures, _ticks(backoff.failed_at), backoff.asked)
        with self._transaction() as file:
            file.execute("REPLACE INTO backoff VALUES (1, ?, ?, ?)", row)

    def seal(self, now: datetime, campaigns: Collection[str], pack: Pack) -> Batch | None:
        """Return the batch that is not settled yet, else one of all points that are due."""
        self.persist()
        with self._transaction() as file:
            return _waiting(file) or _sealed(file, now, campaigns, pack)

    def settle(self, batch: Batch) -> None:
        """Forget a batch with its points."""
        with self._transaction() as file:
            file.execute("DELETE FROM points WHERE batch = ?", (batch.key,))
            file.execute("DELETE FROM batches WHERE key = ?", (batch.key,))

    def release(self, batch: Batch) -> None:
        """Forget a batch; its points keep its key, so that nothing is added to them."""
        with self._transaction() as file:
            file.execute("DELETE FROM batches WHERE key = ?", (batch.key,))

    def purge(self, before: datetime) -> None:
        """Forget the points whose period ended before then, except those of a batch."""
        with self._transaction() as file:
            file.execute(_PURGE, (_ticks(before),))


def _open(path: str | Path, *, timeout: float = 5) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout, isolation_level=None)


def _locked(file: sqlite3.Connection) -> bool:
    """Whether the file is now locked for this process alone: another one may have it."""
    try:
        file.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if str(error) != "database is locked":
            raise
        return False
    return True


def _prepare(file: sqlite3.Connection) -> None:
    (version,) = file.execute("PRAGMA user_version").fetchone()
    if version == 0:
        for statement in _SCHEMA:
            file.execute(statement)
        file.execute(f"PRAGMA user_version = {_VERSION}")


def _count(file: sqlite3.Connection, campaign: Campaign, point: DataPoint) -> None:
    row = (
        point.campaign_id,
        _ticks(point.period_start),
        _ticks(point.period_end),
        _identity(point),
    )
    known = file.execute(_FIND, row).fetchone()
    if known is None:
        file.execute(_ADD, (*row, point.times, _value(point)))
    else:
        merged = campaign.merged(_point(known), point)
        file.execute(_RECOUNT, (merged.times, _value(merged), known[-1]))


def _waiting(file: sqlite3.Connection) -> Batch | None:
    row = file.execute("SELECT key, body FROM batches").fetchone()
    if row is None:
        return None
    points = tuple(map(_point, file.execute(_FIND_SEALED, row[:1])))
    return Batch(key=row[0], body=row[1], points=points)


def _sealed(
    file: sqlite3.Connection, now: datetime, campaigns: Collection[str], pack: Pack
) -> Batch | None:
    over = {row[-1]: _point(row) for row in file.execute(_FIND_OVER, (_ticks(now),))}
    due = {number: point for number, point in over.items() if point.campaign_id in campaigns}
    if not due:
        return None
    points = tuple(due.values())
    batch = Batch(key=new_key(), body=pack(points), points=points)
    file.execute("INSERT INTO batches VALUES (?, ?)", (batch.key, batch.body))
    file.executemany(_TAKE, [(batch.key, number) for number in due])
    return batch


def _identity(point: DataPoint) -> str:
    """Return kind and identity as text; ASCII, as SQLite takes no lone surrogates."""
    if isinstance(point, Event):
        return json.dumps(["event", *point.identity])
    return json.dumps(["visit", point.identity])


def _value(point: DataPoint) -> float | None:
    return point.value if isinstance(point, Event) else None


def _point(row: Sequence[Any]) -> DataPoint:
    campaign_id, start, end, identity, times, value = row[:6]
    kind, *texts = json.loads(identity)
    period: dict[str, Any] = {"period_start": _moment(start), "period_end": _moment(end)}
    if kind == "visit":
        return Visit(
            path=tuple(texts[0].split("/")), times=times, campaign_id=campaign_id, **period
        )
    category, action, name = texts
    return Event(
        category=category,
        action=action,
        name=name,
        value=value,
        times=times,
        campaign_id=campaign_id,
        **period,
    )


def _consent(granted: int, start: int, end: int | None) -> Consent:
    until = None if end is None else _moment(end)
    return Consent(granted=bool(granted), start=_moment(start), end=until)


def _ticks(moment: datetime) -> int:
    return (moment - EPOCH) // _TICK


def _moment(ticks: int) -> datetime:
    return EPOCH + ticks * _TICK
