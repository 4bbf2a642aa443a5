"""Deletes rows whose time to be kept is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..models import Arrival, Cell, Fact, Hour, Lateness, Receipt, Refusal, Span
from .catalog import chunks

DAILY_CELLS = timedelta(days=400)
OPERATIONS = timedelta(days=90)
SET_ASIDE_BODIES = timedelta(days=7)


def forget(now: datetime) -> int:
    """Delete receipts, daily cells, bodies that were set aside, and operations counts; return how many."""
    today = now.date()
    old = [
        Receipt.objects.filter(until__lt=today),
        Arrival.objects.set_aside().filter(received_at__lt=now - SET_ASIDE_BODIES),
        Refusal.objects.filter(day__lt=today - OPERATIONS),
        Lateness.objects.filter(day__lt=today - OPERATIONS),
        Hour.objects.filter(start__lt=now - OPERATIONS),
        *(
            Cell.objects.filter(fact__in=chunk, span=Span.DAY, start__lt=today - DAILY_CELLS)
            for chunk in chunks(Fact.objects.values_list("pk", flat=True))
        ),
    ]
    return sum(rows.delete()[0] for rows in old)
