import sqlite3
from types import SimpleNamespace

import pytest

from metric_collection.probes.database import Database


@pytest.mark.django_db
def test_the_database_is_named_by_vendor_and_version():
    assert Database().gather() == {
        "database": "sqlite",
        "database_version": sqlite3.sqlite_version,
    }


def test_mariadb_is_not_called_mysql():
    mariadb = SimpleNamespace(
        vendor="mysql", mysql_is_mariadb=True, get_database_version=lambda: (10, 11, 19)
    )
    assert Database(connection=mariadb).gather() == {
        "database": "mariadb",
        "database_version": "10.11.19",
    }
