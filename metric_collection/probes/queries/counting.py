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
    thing = entry
    if isinstance(entry, str):
        try:
            thing = apps.get_model(entry)
        except (LookupError, ValueError):
            with suppress(ImportError):
                thing = follow(entry)
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


def _rows(queryset: QuerySet[Any], *, exactly: bool) -> int:
    connection = connections[queryset.db]
    with time_limit(connection, LIMIT):
        if connection.vendor == "postgresql" and not exactly:
            # The rows that the planner expects, by its statistics alone. For a query that cannot
            # have rows, Django returns no plan.
            plan = queryset.explain(format="json")
            estimate = int(json.loads(plan)[0]["Plan"]["Plan Rows"]) if plan else 0
            if estimate >= HUGE:
                return estimate
        return queryset.count()
