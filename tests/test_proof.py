from __future__ import annotations

import socket
import threading

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.exceptions import ConnectionFailed
from metric_collection.cleaninsights.transport import RequestsTransport
from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Measurement, Report
from metric_collection.proof import WRITE, Write, run_cycle, witnessing
from metric_collection.reporting.collection import Collection

pytestmark = pytest.mark.django_db
DENIED = Consent.Choice.DENIED


def test_a_cycle_that_is_allowed_is_seen_and_undone():
    seen = run_cycle()
    assert "Acme Version" in seen.gathered
    assert "INSERT usage_metrics_report" in map(str, seen.written)
    assert seen.tried == ["getaddrinfo 127.0.0.1:9"]
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "switch_off",
    [
        lambda settings, env, now: env.setenv("METRIC_COLLECTION", "off"),
        lambda settings, env, now: env.setenv("DO_NOT_TRACK", "1"),
        lambda settings, env, now: setattr(settings, "METRIC_COLLECTION", False),
        lambda settings, env, now: setattr(settings, "METRIC_COLLECTION_CONSENT", "opt-in"),
        lambda settings, env, now: delattr(settings, "METRIC_COLLECTION_SITE_ID"),
        lambda settings, env, now: choose(DENIED, now=now),
    ],
    ids=["environment", "do-not-track", "setting", "opt-in", "configuration", "denied"],
)
def test_off_by_any_rule_a_cycle_does_nothing(switch_off, settings, monkeypatch, clock):
    Collection(clock=clock, random=lambda: 0).record()
    Measurement.objects.create(times=1, period_start=clock(), period_end=clock())
    clock.advance(days=200)
    switch_off(settings, monkeypatch, clock())
    assert run_cycle().is_empty


def test_the_last_event_that_the_page_has_announced_is_not_hidden(settings):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(DENIED, now=utc_now())
    seen = run_cycle()
    assert seen.gathered == []
    assert seen.tried == ["getaddrinfo 127.0.0.1:9"]
    assert Report.objects.get().attempts == 0


def test_in_notice_mode_facts_gathered_ahead_are_shown(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    seen = run_cycle()
    assert seen.gathered
    assert seen.tried == []


def wrote(sql: str) -> tuple[str, str] | None:
    found = WRITE.match(sql)
    return found and found.groups()


@pytest.mark.parametrize(
    ("sql", "write"),
    [
        ('INSERT INTO "reports" ("id") VALUES (1)', ("INSERT", "reports")),
        ("INSERT IGNORE INTO `reports` VALUES (1)", ("INSERT", "reports")),
        ('INSERT OR IGNORE INTO "reports" VALUES (1)', ("INSERT", "reports")),
        ("replace into reports values (1)", ("replace", "reports")),
        ('UPDATE "reports" SET "state" = 1', ("UPDATE", "reports")),
        ('DELETE FROM "reports"', ("DELETE", "reports")),
        ('TRUNCATE "reports", "changes"', ("TRUNCATE", "reports")),
        ("\n  TRUNCATE TABLE `reports`", ("TRUNCATE", "reports")),
        ('SELECT "updated" FROM "reports" FOR UPDATE', None),
        ('SAVEPOINT "insert"', None),
    ],
)
def test_statements_that_change_rows_are_recognized(sql, write):
    assert wrote(sql) == write


@pytest.mark.django_db
class TestDatabase:
    def test_writes_are_seen_without_their_values(self):
        with witnessing() as seen:
            Consent.objects.create(choice="denied")
            Consent.objects.exists()
            Report.objects.all().delete()
        assert list(map(str, seen.written)) == [
            "INSERT usage_metrics_consent",
            "DELETE usage_metrics_report",
        ]
        assert not seen.is_empty

    def test_reading_leaves_no_trace(self):
        with witnessing() as seen:
            Consent.objects.current()
        assert seen.is_empty

    def test_a_connection_that_is_made_anew_is_watched_once(self):
        with witnessing() as seen:
            connection_created.send(sender=type(connection), connection=connection)
            Consent.objects.create()
        assert len(seen.written) == 1

    def test_nothing_is_recorded_after_the_block(self):
        with witnessing() as seen:
            pass
        Consent.objects.create()
        assert seen.is_empty
        assert connection.execute_wrappers == []


@pytest.mark.django_db(transaction=True)
def test_writes_of_new_threads_are_seen():
    def write():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS elsewhere (x int)")
            cursor.execute("INSERT INTO elsewhere VALUES (1)")
        connection.connection.close()  # Django itself keeps a database in memory open

    with witnessing() as seen:
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert seen.written == [Write(verb="INSERT", table="elsewhere")]


@pytest.mark.django_db
def test_facts_are_seen_by_name():
    with witnessing() as seen:
        Collection().preview()
    assert "Acme Version" in seen.gathered
    assert "1.0" not in seen.gathered


class TestNetwork:
    def test_a_connection_is_refused_and_seen(self):
        with witnessing() as seen, pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", 9), 1)
        assert seen.tried == ["getaddrinfo 127.0.0.1:9"]

    def test_even_one_to_an_address_that_needs_no_look_up(self):
        with witnessing() as seen, socket.socket() as plain:
            with pytest.raises(ConnectionRefusedError):
                plain.connect(("127.0.0.1", 9))
            with pytest.raises(ConnectionRefusedError):
                plain.connect_ex(("127.0.0.1", 9))
        assert seen.tried == ["connect 127.0.0.1:9", "connect_ex 127.0.0.1:9"]

    def test_a_datagram_is_recorded_without_its_content(self):
        with (
            witnessing() as seen,
            socket.socket(type=socket.SOCK_DGRAM) as plain,
            pytest.raises(ConnectionRefusedError),
        ):
            plain.sendto(b"secret", ("127.0.0.1", 9))
        assert seen.tried == ["sendto 127.0.0.1:9"]

    def test_a_socket_in_the_file_system_is_seen(self, tmp_path):
        with (
            witnessing() as seen,
            socket.socket(socket.AF_UNIX) as plain,
            pytest.raises(ConnectionRefusedError),
        ):
            plain.connect(f"{tmp_path}/socket")
        assert seen.tried == [f"connect {tmp_path}/socket"]

    def test_the_real_transport_takes_it_for_a_collector_that_is_away(self):
        with witnessing() as seen, pytest.raises(ConnectionFailed):
            RequestsTransport().post("http://127.0.0.1:9/", b"", headers={}, timeout=(1, 1))
        assert seen.tried == ["getaddrinfo 127.0.0.1:9"]

    def test_connections_that_are_not_refused_are_not_recorded(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            witnessing(refuses=lambda: False) as seen,
            socket.create_connection(server.getsockname(), 1),
        ):
            pass
        assert seen.is_empty

    def test_afterwards_sockets_are_as_they_were(self):
        before = [dict(vars(socket.socket)), socket.getaddrinfo]
        with witnessing():
            pass
        assert [dict(vars(socket.socket)), socket.getaddrinfo] == before
