"""Counting objects without slowing anybody down.

A count takes no lock, and each of its queries is aborted after ``LIMIT``. For a huge table in
PostgreSQL the planner's estimate is exact enough for a bucket.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Manager, Model, QuerySet

from ...conf.values import safe_repr
from ..values.interrupting import call
from ..values.references import follow
from .time_limit import time_limit

LIMIT = timedelta(seconds=1)
HUGE = 100_000  # rows; fewer are counted in a few milliseconds

Countable = QuerySet[Any] | Callable[[], Any]


def countable(entry: object) -> Countable:
    """The rows or the callable behind ``"auth.User"``, a dotted path, a model or a queryset."""
    thing = _named(entry) if isinstance(entry, str) else entry
    if isinstance(thing, type) and issubclass(thing, Model):
        thing = thing._default_manager
    if isinstance(thing, (Manager, QuerySet)):
        return thing.all()
    if callable(thing):
        return thing
    raise TypeError(
        f"{safe_repr(entry)} is not a model such as 'auth.User', a queryset or a callable"
    )


def count(thing: Countable, *, exactly: bool = False) -> int | None:
    """The number of rows, or the number that a callable returns; None if it returns None.

    Raises DatabaseError if a query takes too long, TimeoutError if a callable does.
    """
    if isinstance(thing, QuerySet):
        return _rows(thing, exactly=exactly)
    with time_limit(connections[DEFAULT_DB_ALIAS], LIMIT):
        answer = call(thing)
    if isinstance(answer, QuerySet):
        return _rows(answer, exactly=exactly)
    return None if answer is None else int(answer)


def _named(name: str) -> object:
    try:
        return apps.get_model(name)
    except (LookupError, ValueError):
        with suppress(ImportError):
            return follow(name)
    return name


def _rows(queryset: QuerySet[Any], *, exactly: bool) -> int:
    connection = connections[queryset.db]
    with time_limit(connection, LIMIT):
        if connection.vendor == "postgresql" and not exactly:
            estimate = _estimate(queryset)
            if estimate >= HUGE:
                return estimate
        return queryset.count()


def _estimate(queryset: QuerySet[Any]) -> int:
    """The number of rows that PostgreSQL's planner expects, by its statistics alone."""
    plan = queryset.explain(format="json")
    # For a query that cannot have rows, Django returns no plan.
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"]) if plan else 0
