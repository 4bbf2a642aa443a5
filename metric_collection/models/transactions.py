"""Transactions on the database that holds this app's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import router, transaction
from django.db.transaction import Atomic

from . import Consent, Report


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
    """Open a transaction in which consent stays as it is: other changes come before or after it.

    The row is made before it: MariaDB would end insertions that wait for each other as a deadlock.
    """
    Consent.objects.ensure()
    with atomic():
        yield Consent.objects.locked()
