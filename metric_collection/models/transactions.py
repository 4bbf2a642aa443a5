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


@contextmanager
def held() -> Iterator[Consent]:
    """Open a transaction in which consent stays as it is: other changes come before or after it.

    The row is made before it: MariaDB would end insertions that wait for each other as a deadlock.
    """
    Consent.objects.ensure()
    with atomic():
        yield Consent.objects.locked()
