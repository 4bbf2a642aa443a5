"""The fleet: installations with a database each, which live as their Celery beat and worker let them."""

from __future__ import annotations

import heapq
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.management import call_command
from django.db import connection

from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.cleaninsights.transport import RequestsTransport
from metric_collection.models import Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.schedule import SWEEP
from metric_collection.reporting.sweep import due_soon, sweep

Database = sqlite3.Connection


@dataclass(slots=True)
class Installation:
    """A product on a machine of its own: its database, and when its worker and beat were started."""

    database: Database
    started: datetime

    def sweep_after(self, now: datetime) -> datetime:
        """When beat asks for the next sweep."""
        return self.started + SWEEP * ((now - self.started) // SWEEP + 1)

    def sweep_worth_while(self, now: datetime) -> datetime:
        """When beat asks for the next sweep that finds something due or due soon: others do nothing."""
        following, snapshot = self.sweep_after(now), Snapshot.objects.current()
        is_queued = Report.objects.queued().exists()
        if is_queued or snapshot is None or snapshot.heartbeat_due <= following:
            return following
        return self.sweep_after(snapshot.heartbeat_due) - SWEEP


@dataclass(slots=True)
class Fleet:
    """Installations under one clock, whose events happen in the order of time."""

    clock: FrozenClock
    posted: list[tuple[datetime, str]] = field(default_factory=list)
    _installations: list[Installation] = field(default_factory=list)
    _plan: list[tuple[datetime, int, bool]] = field(default_factory=list)

    def install(self, moments: list[datetime]) -> None:
        """Migrate a new installation at each of these moments; its worker starts at once."""
        template = migrated()
        for number, moment in enumerate(moments):
            self._installations.append(Installation(database=copied(template), started=moment))
            heapq.heappush(self._plan, (moment, number, True))

    def live(self, until: datetime) -> None:
        """Let everything happen that is planned until then."""
        while self._plan and self._plan[0][0] <= until:
            moment, number, by_beat = heapq.heappop(self._plan)
            self.clock.set(moment)
            installation = self._installations[number]
            with at(installation.database):
                self._sweep(number, installation, by_beat=by_beat)
        self.clock.set(until)

    def reports(self) -> Iterator[list[Report]]:
        """The reports of each installation, as its database has them in the end."""
        for installation in self._installations:
            with at(installation.database):
                yield list(Report.objects.order_by("id"))

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> Answer:
        """Post over HTTP, and note the virtual moment."""
        self.posted.append((self.clock(), headers["Idempotency-Key"]))
        return RequestsTransport(clock=self.clock).post(url, body, headers=headers, timeout=timeout)

    def _sweep(self, number: int, installation: Installation, *, by_beat: bool) -> None:
        """Sweep as our tasks do; only the task from beat schedules a heartbeat."""
        now = self.clock()
        if now == installation.started:
            Collection(clock=self.clock).record()
        sweep(self.clock, self)
        if not by_beat:
            return
        wait = due_soon(now)
        if wait is None:
            following = installation.sweep_worth_while(now)
        else:
            heapq.heappush(self._plan, (now + wait, number, False))
            following = installation.sweep_after(now)
        heapq.heappush(self._plan, (following, number, True))


def migrated() -> Database:
    """A database with our tables."""
    database = new_database()
    with at(database):
        call_command("migrate", "usage_metrics", verbosity=0)
        Report.objects.all().delete()
        for name in ("snapshot", "change", "consent"):
            database.execute(f"DELETE FROM usage_metrics_{name}")
    return database


def new_database() -> Database:
    """An SQLite database in memory, as Django opens it and sets it up."""
    connection.connect()
    return connection.connection


def copied(template: Database) -> Database:
    """A database with the same content."""
    copy = new_database()
    template.backup(copy)
    return copy


@contextmanager
def at(database: Database) -> Iterator[None]:
    """Let Django's connection lead to this database."""
    before, connection.connection = connection.connection, database
    try:
        yield
    finally:
        connection.connection = before


def together(count: int, begin: datetime) -> list[datetime]:
    """Moments of one and the same minute."""
    return sorted(begin + timedelta(seconds=random.uniform(0, 60)) for _ in range(count))


def scattered(count: int, begin: datetime) -> list[datetime]:
    """Moments of one day."""
    return sorted(begin + timedelta(days=random.random()) for _ in range(count))
