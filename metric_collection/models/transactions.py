"""Transactions on the database that holds this app's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic

from . import Consent, Report

LITTLE: Final = 100  # milliseconds


def atomic() -> Atomic:
    """Open a transaction on the database that holds this app's tables."""
    return transaction.atomic(using=router.db_for_write(Report))


def is_open() -> bool:
    """Whether a transaction is open on our database; that of a Django TestCase does not count."""
    connection = transaction.get_connection(using=router.db_for_write(Report))
    if connection.in_atomic_block:
        return any(not block._from_testcase for block in connection.atomic_blocks)
    return not connection.get_autocommit()


@contextmanager
def held() -> Iterator[Consent]:
    """Open a transaction in which consent does not change: other changes come before or after it.

    The row is created before: on MariaDB, insertions that wait for each other would deadlock.
    """
    Consent.objects.ensure()
    with atomic():
        yield Consent.objects.locked()


class ConsentHeldError(Exception):
    """Another transaction holds consent."""


@contextmanager
def held_at_once() -> Iterator[Consent]:
    """Do the same as `held`, but raise ConsentHeldError instead of waiting for another transaction."""
    Consent.objects.ensure()
    with unwaiting(connections[router.db_for_write(Report)]), atomic():
        yield locked_at_once()


def locked_at_once() -> Consent:
    """Return the locked row of consent, or raise ConsentHeldError."""
    database = connections[router.db_for_write(Report)]
    try:
        if not database.features.has_select_for_update_skip_locked:  # SQLite, MariaDB before 10.6
            return Consent.objects.locked()
        consent: Consent | None = Consent.objects.select_for_update(skip_locked=True).first()
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise ConsentHeldError(str(error)) from error
    if consent is None:
        raise ConsentHeldError("another process is writing")
    return consent


@contextmanager
def unwaiting(database: BaseDatabaseWrapper) -> Iterator[None]:
    """Shorten SQLite's wait for other writers to LITTLE; the other databases lock only the row."""
    if database.vendor != "sqlite":
        yield
        return
    with database.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {LITTLE}")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
