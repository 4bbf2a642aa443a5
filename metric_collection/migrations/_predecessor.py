"""The tables of the app that this one replaces (openwisp-utils, label ``metric_collection``); they are only read."""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import connections, models, router

logger = logging.getLogger("metric_collection")


def read(model: type[models.Model], columns: Sequence[str], *, own: str) -> list[Any]:
    """Return the rows of a table, in order of its first column; [] if there is no such table.

    It is in our own database, or in the one where the host's routers keep that app, whose failure must not
    make migrate fail.
    """
    if rows := read_from(own, model, columns):
        return rows
    try:
        other = router.db_for_write(model)
        return [] if other == own else read_from(other, model, columns)
    except Exception as error:  # noqa: BLE001  any error of a host's router or of a driver
        logger.warning("Nothing was adopted from the table %s: %r", model._meta.db_table, error)
        return []


def read_from(alias: str, model: type[models.Model], columns: Sequence[str]) -> list[Any]:
    connection, table = connections[alias], model._meta.db_table
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return []
        found = connection.introspection.get_table_description(cursor, table)
    if not set(columns) <= {column.name for column in found}:
        return []
    rows = model._default_manager.using(alias).order_by(columns[0])
    return list(rows.values_list(*columns))
