"""Text values that will be published with the next week: staff see them first, and can hide them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..conf import conf
from ..counting.days import WEEK, monday_of
from ..counting.settling import AFTER
from ..models import Cell, Fact, Span, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A value that enough installations reported in the newest settled week, and not in the one before."""

    value: Value
    installations: int
    week: date


def newcomers(today: date) -> Iterator[Newcomer]:
    """Yield the newcomers of all public sites; one query."""
    week = monday_of(today - WEEK - AFTER)
    cells = (
        Cell.objects.filter(
            fact__site__is_public=True,
            fact__is_public=True,
            fact__is_declared=True,
            fact__is_built_in=False,
            value__role=Value.Role.NAMED,
            value__is_hidden=False,
            span=Span.WEEK,
            start__in=[week - WEEK, week],
            n__gte=conf.PUBLIC_MINIMUM,
        )
        .exclude(fact__kind=Fact.Kind.VERSION)
        .select_related("value__fact__site")
        .order_by("fact", "-n")
    )
    known = {cell.value_id for cell in cells if cell.start < week}
    for cell in cells:
        if cell.value_id not in known:
            yield Newcomer(value=cell.value, installations=cell.n, week=week)
