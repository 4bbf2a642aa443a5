"""The proof that off means off: a whole cycle, run before a witness."""

from __future__ import annotations

from django.db import router, transaction

from .collection import Collection
from .delivery import Delivery
from .models import Report
from .stores import atomic
from .witness import Testimony, witnessing


def run_cycle() -> Testimony:
    """Record, beat, seal and deliver with every socket refused; return what was done, and undo it."""
    with atomic(), witnessing() as seen:
        Collection().record()
        Collection().beat()
        Collection().seal()
        Delivery(hurried=True).deliver()
        transaction.set_rollback(True, using=router.db_for_write(Report))
    return seen
