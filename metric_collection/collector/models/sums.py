"""Upserts that add: SQL of three dialects, because `bulk_create` can only replace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

MOST_ROWS = 500


def add(
    rows: Sequence[models.Model],
    *,
    unique: Sequence[str],
    sums: Sequence[str],
    sets: Sequence[str] = (),
) -> None:
    """Insert the rows. Where a row with the same unique key exists, add to its sums and replace its `sets`.

    They are written in the order of their keys, so that two processes cannot deadlock.
    """
    if not rows:
        return
    connection = connections[router.db_for_write(type(rows[0]))]
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, models.AutoField)]
    by_name = {field.name: field for field in fields}
    keys = [by_name[name].attname for name in unique]
    ordered = sorted(rows, key=lambda row: [getattr(row, key) for key in keys])
    most = min(MOST_ROWS, (connection.features.max_query_params or 30_000) // len(fields))
    for first in range(0, len(ordered), most):
        chunk = ordered[first : first + most]
        values = [
            field.get_db_prep_save(getattr(row, field.attname), connection)
            for row in chunk
            for field in fields
        ]
        statement = _statement(
            connection,
            table=meta.db_table,
            columns=[str(field.column) for field in fields],
            unique=[str(by_name[name].column) for name in unique],
            changes=[*((name, True) for name in sums), *((name, False) for name in sets)],
            rows=len(chunk),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement, values)


def _statement(
    connection: BaseDatabaseWrapper,
    *,
    table: str,
    columns: Sequence[str],
    unique: Iterable[str],
    changes: Iterable[tuple[str, bool]],
    rows: int,
) -> str:
    """Write the statement; each change is a column, and whether it is added to or replaced."""
    name = connection.ops.quote_name
    is_mysql = connection.vendor == "mysql"
    new = "VALUES({})" if is_mysql else "excluded.{}"
    assignments = ", ".join(
        f"{name(column)} = "
        + (f"{name(table)}.{name(column)} + " if adds else "")
        + new.format(name(column))
        for column, adds in changes
    )
    conflict = (
        "ON DUPLICATE KEY UPDATE"
        if is_mysql
        else f"ON CONFLICT ({', '.join(map(name, unique))}) DO UPDATE SET"
    )
    row = f"({', '.join(['%s'] * len(columns))})"
    return (
        f"INSERT INTO {name(table)} ({', '.join(map(name, columns))})"  # noqa: S608  no value is in it
        f" VALUES {', '.join([row] * rows)} {conflict} {assignments}"
    )
