"""The roll-up: counts the reports in the inbox, each exactly once.

Reading, decoding and adding up happen outside of any transaction. One short transaction then deletes the
arrivals, writes the receipts, and adds the sums. If another process was first, it deletes fewer rows than
were counted, or a receipt exists already: it is rolled back, and everything is read again.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from django.db import (
    DatabaseError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    router,
)

from ..conf import conf
from ..door import inbox
from ..models import SET_ASIDE, Arrival, Receipt, Site
from ..models.rows import atomic
from .catalog import chunks
from .tally import Tally
from .writing import write

logger = logging.getLogger("metric_collection.collector")

MOST = {"sqlite": 250}  # reports in one transaction: the door is locked out of SQLite meanwhile
USUAL_MOST = 5000
MOST_BYTES = 10_000_000  # of bodies, about 50,000 events
ATTEMPTS = 5
REMEMBERED = timedelta(days=3)  # for which a repeat is known


class RaceLost(Exception):  # noqa: N818  it is named after what happened
    """Another process counted some of these reports."""


def roll_up(
    now: Callable[[], datetime],
    *,
    seconds: float = 50.0,
    timer: Callable[[], float] = time.monotonic,
) -> int:
    """Count reports until none is left or the time is up; return their number."""
    counted, end = 0, timer() + seconds
    while (batch := _take()) and timer() < end:
        counted += count(batch, now())
    _forget_deleted_bodies()
    return counted


def _take() -> list[Arrival]:
    """Take the oldest reports, as many as one transaction can hold."""
    vendor = connections[router.db_for_write(Arrival)].vendor
    batch: list[Arrival] = []
    size = 0
    for arrival in inbox.take(MOST.get(vendor, USUAL_MOST)):
        size += len(arrival.body)
        if batch and size > MOST_BYTES:
            break
        batch.append(arrival)
    return batch


def count(batch: Sequence[Arrival], now: datetime) -> int:
    """Count these reports and return their number, or 0 if another process was first.

    One that raises is found by halving, and set aside after three attempts.
    """
    try:
        return _count(batch, now)
    except RaceLost:
        return 0
    except (OperationalError, InterfaceError):
        raise  # the database is not available: no report is to blame
    except Exception as error:  # noqa: BLE001  anything that a hostile body can make our code raise
        if len(batch) == 1:
            _put_off(batch[0], error)
            return 0
        middle = len(batch) // 2
        return count(batch[:middle], now) + count(batch[middle:], now)


def _count(batch: Sequence[Arrival], now: datetime) -> int:
    repeats, fresh = _sorted_out(batch)
    sites = Site.objects.in_bulk({arrival.site_id for arrival in batch})
    tally = Tally(now=now, max_age=conf.MAX_AGE, sites=sites)
    for arrival in fresh:
        tally.add(arrival)
    for arrival in repeats:
        tally.add_repeat(arrival)
    for _ in range(ATTEMPTS - 1):
        try:
            _commit(tally, batch, fresh, repeats)
        except OperationalError as error:  # a deadlock, or SQLite's lock
            logger.debug("A roll-up is retried: %s", type(error).__name__)
        else:
            return len(batch)
    _commit(tally, batch, fresh, repeats)
    return len(batch)


def _sorted_out(batch: Sequence[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    """Return the repeats of reports that were counted, or that come twice in this batch, and the rest."""
    keys = {arrival.key for arrival in batch if arrival.key}
    known = {
        key
        for chunk in chunks(keys)
        for key in Receipt.objects.filter(pk__in=chunk).values_list("pk", flat=True)
    }
    repeats, fresh = [], []
    for arrival in batch:
        if arrival.key in known:
            repeats.append(arrival)
        else:
            fresh.append(arrival)
            if arrival.key:
                known.add(arrival.key)
    return repeats, fresh


def _commit(
    tally: Tally, batch: Sequence[Arrival], fresh: Sequence[Arrival], repeats: Sequence[Arrival]
) -> None:
    """Delete the arrivals and add their sums, or change nothing and raise RaceLost."""
    with atomic(Arrival):
        # The first statement writes: SQLite then waits for the lock, instead of failing later.
        deleted = sum(
            Arrival.objects.filter(pk__in=chunk).delete()[0]
            for chunk in chunks(arrival.pk for arrival in batch)
        )
        if deleted < len(batch):
            raise RaceLost
        if len(Site.objects.locked(list(tally.sites))) < len(tally.sites):
            raise RaceLost
        _write_receipts(fresh, repeats, tally.today)
        write(tally)


def _write_receipts(fresh: Sequence[Arrival], repeats: Sequence[Arrival], today: date) -> None:
    """Remember these keys; a repeat shows that its client still has no answer, so it is extended."""
    until = {arrival.key: today + _remembered(arrival) for arrival in fresh if arrival.key}
    rows = [Receipt(key=key, until=day) for key, day in sorted(until.items())]
    try:
        Receipt.objects.bulk_create(rows, batch_size=500)
    except IntegrityError:
        raise RaceLost from None
    by_day: dict[date, list[uuid.UUID]] = {}
    for arrival in repeats:
        if arrival.key:
            by_day.setdefault(today + _remembered(arrival), []).append(arrival.key)
    for day, keys in by_day.items():
        for chunk in chunks(keys):
            Receipt.objects.filter(pk__in=chunk, until__lt=day).update(until=day)


def _remembered(arrival: Arrival) -> timedelta:
    """Return how long a repeat is known: a file may be imported again as long as it is accepted."""
    return conf.MAX_AGE if arrival.source == Arrival.Source.IMPORT else REMEMBERED


def _put_off(arrival: Arrival, error: Exception) -> None:
    """Note a failed attempt; the third one sets the report aside."""
    arrival.attempts += 1
    Arrival.objects.filter(pk=arrival.pk).update(attempts=arrival.attempts)
    if arrival.attempts >= SET_ASIDE:
        logger.error("A report could not be counted and was set aside: %s", type(error).__name__)


def _forget_deleted_bodies() -> None:
    """Empty SQLite's write-ahead log, where deleted bodies would stay readable."""
    connection = connections[router.db_for_write(Arrival)]
    if connection.vendor == "sqlite":
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except DatabaseError as error:  # another process reads: the next run does it
            logger.debug("The write-ahead log was not emptied: %s", type(error).__name__)
