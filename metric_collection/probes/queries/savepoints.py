"""A savepoint for all open transactions, so that a failing probe does not break them.

PostgreSQL refuses all further statements of a transaction in which one has failed, and Django does
after a failure in a nested atomic block: with ATOMIC_REQUESTS the rest of a request would fail.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import Error, connections


@contextmanager
def savepoints() -> Iterator[Callable[[], None]]:
    """Yield a function that rolls every open transaction back to where the block began."""
    in_transaction = [
        connection
        for connection in connections.all(initialized_only=True)
        if connection.in_atomic_block and not connection.needs_rollback
    ]
    points = [(each, point) for each in in_transaction if (point := each.savepoint())]

    def roll_back() -> None:
        for connection, point in points:
            try:
                connection.needs_rollback = False
                connection.savepoint_rollback(point)
            except Error:
                connection.needs_rollback = True  # as Django does: nothing can save it

    yield roll_back
    for connection, point in points:
        try:
            connection.savepoint_commit(point)
        except Error:  # a probe has hidden an error from us, but not from the transaction
            roll_back()
