"""Text values that may be published within a week: staff see them first, and can hide them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from ..conf import conf
from ..counting.days import WEEK, monday_of
from ..counting.settling import AFTER
from ..models import Cell, Fact, Span, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A value that is not published yet, and its installations in the newest week in which it qualifies."""

    value: Value
    installations: int
    week: date


def newcomers(today: date) -> Iterator[Newcomer]:
    """Yield the values of all public sites that have qualified for less than a week, or in one week alone.

    One query; a report may be backdated by MAX_AGE.
    """
    week, since = monday_of(today - WEEK - AFTER), today - WEEK
    cells = (
        Cell.objects.filter(
            fact__site__is_public=True,
            fact__is_public=True,
            fact__is_declared=True,
            fact__is_built_in=False,
            value__role=Value.Role.NAMED,
            value__is_hidden=False,
            span=Span.WEEK,
            start__range=(week - WEEK - conf.MAX_AGE, week),
            n__gte=conf.PUBLIC_MINIMUM,
        )
        .filter(Q(value__qualified_on__gt=since) | Q(start__gte=week - WEEK))
        .exclude(fact__kind=Fact.Kind.VERSION)
        .select_related("value__fact__site")
        .order_by("fact", "-start", "-n")
    )
    known = {cell.value_id for cell in cells if cell.start < week and _was_seen(cell.value, since)}
    for cell in cells:
        if cell.value_id not in known:
            known.add(cell.value_id)
            yield Newcomer(value=cell.value, installations=cell.n, week=cell.start)


def _was_seen(value: Value, since: date) -> bool:
    return value.qualified_on is not None and value.qualified_on <= since
