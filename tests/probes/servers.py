"""A database of its own on each server that there is, as a second connection of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.harness.databases import DATABASES, PYMYSQL

ALIAS = "elsewhere"


@contextmanager
def connected(server: str, folder: Path) -> Iterator[BaseDatabaseWrapper]:
    """Connect ``connections["elsewhere"]`` to a new database; skips where there is no such server."""
    with DATABASES[server](folder) as settings:
        if server == "MariaDB":
            exec(PYMYSQL)
        connections.settings[ALIAS] = connections.settings["default"] | settings
        connection = connections[ALIAS]
        try:
            yield connection
        finally:
            connection.close()
            del connections[ALIAS], connections.settings[ALIAS]
