"""A database of its own for a host: a file, or made on the server that the environment names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from environ import Env

from .host import sqlite

# Django asks for mysqlclient, for which PyMySQL stands in: it needs no compiler and no headers.
PYMYSQL = """\
import pymysql
pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()
"""


def server(variable: str, example: str) -> dict[str, Any]:
    """The Django settings of the server in an environment variable; without it the test is skipped."""
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set; start the server and set it to, say, {example}")
    return dict(Env.db_url_config(url))


@contextmanager
def sqlite_file(folder: Path) -> Iterator[dict[str, Any]]:
    """A file in `folder`."""
    yield sqlite(folder / "product.sqlite3")


@contextmanager
def postgresql(_folder: Path) -> Iterator[dict[str, Any]]:
    """A new database on the PostgreSQL of TEST_POSTGRES_URL, dropped in the end."""
    settings = server("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test")
    psycopg = pytest.importorskip("psycopg", reason='needs the extra "services"')
    name = f"metric_collection_{uuid.uuid4().hex}"
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=settings["NAME"],
        autocommit=True,
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield settings | {"NAME": name}
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def mysql(_folder: Path) -> Iterator[dict[str, Any]]:
    """A new database on the MariaDB or MySQL of TEST_MYSQL_URL, dropped in the end."""
    settings = server("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test")
    pymysql = pytest.importorskip("pymysql", reason='needs the extra "services"')
    name = f"metric_collection_{uuid.uuid4().hex}"
    connection = pymysql.connect(
        host=settings["HOST"],
        port=int(settings["PORT"] or 3306),
        user=settings["USER"],
        password=settings["PASSWORD"] or "",
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield settings | {"NAME": name}
        finally:
            cursor.execute(f"DROP DATABASE {name}")


DATABASES: dict[str, Callable[[Path], AbstractContextManager[dict[str, Any]]]] = {
    "SQLite": sqlite_file,
    "PostgreSQL": postgresql,
    "MariaDB": mysql,
}
