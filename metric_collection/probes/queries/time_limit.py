"""A time limit for queries, in the databases that have one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from time import monotonic
from typing import Any, cast

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

INSTRUCTIONS = 10_000  # of SQLite's virtual machine between two looks at the clock: about 1 ms


def time_limit(connection: BaseDatabaseWrapper, limit: timedelta) -> AbstractContextManager[None]:
    """Let the database abort each query of the block that takes longer than the limit.

    An aborted query raises DatabaseError. Do not write in the block: it may be rolled back.
    """
    limits = {"postgresql": _in_postgresql, "mysql": _in_mysql, "sqlite": _in_sqlite}
    chosen = limits.get(connection.vendor)
    return chosen(connection, limit) if chosen else nullcontext()


@contextmanager
def _in_postgresql(connection: BaseDatabaseWrapper, limit: timedelta) -> Iterator[None]:
    """Set the limit in a transaction that is rolled back, so that the setting does not outlive it."""
    milliseconds = limit // timedelta(milliseconds=1)
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {milliseconds}")
        yield
        transaction.set_rollback(True, using=connection.alias)


def _in_mysql(connection: Any, limit: timedelta) -> AbstractContextManager[None]:
    """Write the limit into each query, so that the session keeps the host's settings."""
    is_mariadb = connection.mysql_is_mariadb  # may ask the server, so not within

    def execute_limited(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        return execute(limited(sql, limit, is_mariadb=is_mariadb), *arguments)

    return cast("AbstractContextManager[None]", connection.execute_wrapper(execute_limited))


def limited(sql: str, limit: timedelta, *, is_mariadb: bool) -> str:
    """A SELECT for MariaDB or MySQL with the limit in it; other statements are returned as they are."""
    if not sql.startswith("SELECT"):
        return sql
    if is_mariadb:
        return f"SET STATEMENT max_statement_time={limit.total_seconds()} FOR {sql}"
    milliseconds = limit // timedelta(milliseconds=1)
    return f"SELECT /*+ MAX_EXECUTION_TIME({milliseconds}) */{sql.removeprefix('SELECT')}"


@contextmanager
def _in_sqlite(connection: BaseDatabaseWrapper, limit: timedelta) -> Iterator[None]:
    """Abort from a handler that SQLite calls now and then: it has no limit of its own."""
    connection.ensure_connection()
    end = monotonic() + limit.total_seconds()
    connection.connection.set_progress_handler(lambda: monotonic() > end, INSTRUCTIONS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, INSTRUCTIONS)
