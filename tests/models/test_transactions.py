from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from metric_collection.models import Consent
from metric_collection.models.transactions import ConsentHeldError, held_at_once

pytestmark = pytest.mark.django_db(transaction=True)


def failing(message):
    """A block in which consent cannot be locked."""

    def fail(execute, sql, *rest):
        if sql.startswith("UPDATE"):
            raise OperationalError(message)
        return execute(sql, *rest)

    return connection.execute_wrapper(fail)


def hold():
    with held_at_once() as consent:
        return consent


def test_consent_is_held_if_nobody_else_does():
    assert hold() == Consent.objects.get()


def test_sqlite_waits_as_before_afterwards():
    def timeout():
        with connection.cursor() as cursor:
            return cursor.execute("PRAGMA busy_timeout").fetchone()[0]

    before = timeout()
    with failing("database is locked"), pytest.raises(ConsentHeldError):
        hold()
    assert timeout() == before > 100


def test_another_failure_is_raised_as_it_is():
    with failing("disk I/O error"), pytest.raises(OperationalError, match="disk"):
        hold()


class TestServers:
    """Databases that skip locked rows; SQLite ignores that, but the rows are found or not."""

    @pytest.fixture(autouse=True)
    def server(self, monkeypatch):
        monkeypatch.setattr(connection.features, "has_select_for_update_skip_locked", True)
        monkeypatch.setattr(connection, "vendor", "postgresql")

    def test_a_row_that_is_not_locked_is_held(self):
        with CaptureQueriesContext(connection) as queries:
            assert hold() == Consent.objects.get()
        assert not any("busy_timeout" in query["sql"] for query in queries)

    def test_a_row_that_is_locked_is_not_waited_for(self, monkeypatch):
        monkeypatch.setattr(Consent.objects, "ensure", lambda: None)
        with pytest.raises(ConsentHeldError, match="another process"):
            hold()
