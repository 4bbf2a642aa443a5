import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.db.transaction import atomic

from metric_collection.probes.queries.time_limit import limited, time_limit

from ..servers import connected

MOMENT = timedelta(milliseconds=50)
SLOW = {
    "SQLite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "PostgreSQL": "SELECT pg_sleep(20)",
    "MariaDB": "SELECT count(*) FROM seq_1_to_100000 a, seq_1_to_100000 b",
}
SETTING = {
    "SQLite": "PRAGMA busy_timeout",
    "PostgreSQL": "SHOW statement_timeout",
    "MariaDB": "SELECT @@SESSION.max_statement_time",
}


@pytest.fixture(params=SLOW)
def server(request):
    return request.param


@pytest.fixture
def connection(server, tmp_path, django_db_blocker):
    with django_db_blocker.unblock(), connected(server, tmp_path) as connection:
        yield connection


def ask(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_a_slow_query_is_aborted(connection, server):
    began = time.monotonic()
    with pytest.raises(DatabaseError), time_limit(connection, MOMENT):
        ask(connection, SLOW[server])
    assert time.monotonic() - began < 2


def test_a_quick_query_is_answered(connection):
    with time_limit(connection, MOMENT):
        [[answer]] = ask(connection, "SELECT 7")
    assert answer == 7


def test_nothing_is_limited_afterwards(connection, server):
    before = ask(connection, SETTING[server])
    with time_limit(connection, MOMENT):
        ask(connection, "SELECT 1")
    with pytest.raises(DatabaseError), time_limit(connection, MOMENT):
        ask(connection, SLOW[server])
    assert ask(connection, SETTING[server]) == before
    assert not connection.in_atomic_block
    if server == "SQLite":
        counted = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT max(i) FROM n"
        time.sleep(MOMENT.total_seconds())
        assert ask(connection, counted) == [(300000,)]


def test_the_surrounding_transaction_stays_usable(server, connection):
    with atomic(using=connection.alias):
        before = ask(connection, SETTING[server])
        with pytest.raises(DatabaseError), time_limit(connection, MOMENT):
            ask(connection, SLOW[server])
        assert ask(connection, SETTING[server]) == before


def test_a_database_without_a_time_limit_is_queried_without():
    with time_limit(SimpleNamespace(vendor="oracle"), MOMENT):
        pass


@pytest.mark.parametrize(
    ("is_mariadb", "sql", "query"),
    [
        (True, "SELECT 1", "SET STATEMENT max_statement_time=0.05 FOR SELECT 1"),
        (False, "SELECT 1", "SELECT /*+ MAX_EXECUTION_TIME(50) */ 1"),
        (True, "SHOW TABLES", "SHOW TABLES"),
        (False, "UPDATE t SET a = 1", "UPDATE t SET a = 1"),
    ],
)
def test_mariadb_and_mysql_get_the_limit_in_the_query(is_mariadb, sql, query):
    assert limited(sql, MOMENT, is_mariadb=is_mariadb) == query
