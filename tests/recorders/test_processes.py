from __future__ import annotations

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from metric_collection import receivers
from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Sighting
from metric_collection.recorders.processes import Lookout, is_wanted, machine

from ..probes.machines import write

pytestmark = pytest.mark.django_db
PROBE = "metric_collection.probes.Processes"
WEB, WORKER = Sighting.Kind.WEB, Sighting.Kind.WORKER


@pytest.fixture(autouse=True)
def product(settings):
    settings.METRIC_COLLECTION_PROBES = [PROBE]
    return settings


class Process:
    """A lookout with a clock of its own, as each process of a host has one."""

    def __init__(self, kind, clock, root) -> None:
        self.now = 0.0
        self.lookout = Lookout(kind, clock=clock, monotonic=lambda: self.now, root=root)

    def work(self, *, hours=0.0):
        self.now += hours * 3600
        self.lookout.note_if_due()


@pytest.fixture
def start(clock, tmp_path):
    return lambda kind=WEB: Process(kind, clock, tmp_path)


def test_each_process_has_its_own_key(start):
    for _ in range(2):
        start().work()
    start(WORKER).work()
    assert sorted(row.kind for row in Sighting.objects.all()) == ["web", "web", "worker"]


def test_nothing_is_recorded_for_a_declined_group(start):
    Consent.objects.create(declined_groups=["processes"])
    start().work()
    assert not Sighting.objects.exists()


def test_a_process_is_recorded_once_an_hour(start, clock):
    process = start()
    begun = clock()
    process.work()
    clock.advance(minutes=59)
    process.work(hours=0.99)
    assert Sighting.objects.get().seen_at == begun
    clock.advance(minutes=1)
    process.work(hours=0.01)
    row = Sighting.objects.get()
    assert (row.begun_at, row.seen_at) == (begun, begun + timedelta(hours=1))


def test_no_query_is_made_in_between(start, django_assert_num_queries):
    process = start()
    process.work()
    with django_assert_num_queries(0):
        process.work(hours=0.5)


def test_processes_not_seen_for_a_day_are_deleted(start, clock):
    start().work()
    clock.advance(hours=24, seconds=1)
    start(WORKER).work()
    assert Sighting.objects.get().kind == "worker"


@pytest.mark.parametrize(
    ("probes", "selection"),
    [
        ([], ["*"]),
        (["metric_collection.probes.Host"], ["*"]),
        ([PROBE], ["os_version"]),
        (5, ["*"]),
    ],
)
def test_nothing_is_recorded_unless_a_fact_needs_it(product, start, probes, selection):
    product.METRIC_COLLECTION_PROBES, product.METRIC_COLLECTION_SELECTION = probes, selection
    with CaptureQueriesContext(connection) as asked:
        start().work()
    assert not is_wanted()
    assert len(asked) == 0


def test_no_query_is_made_while_metrics_are_off(start, monkeypatch, django_assert_num_queries):
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    with django_assert_num_queries(0):
        start().work()


def test_a_no_deletes_sightings_and_stops_them(start, clock):
    start().work()
    choose(Consent.Choice.DENIED, now=clock())
    assert not Sighting.objects.exists()
    start().work()
    assert not Sighting.objects.exists()


def test_a_no_at_the_same_moment_wins(start):
    def decline(execute, sql, *rest):
        """Say no just before the row of consent is locked, which is done by an update of it."""
        if sql.startswith('UPDATE "usage_metrics_consent"'):
            execute("UPDATE usage_metrics_consent SET choice = 'denied'", None, *rest[1:])
        return execute(sql, *rest)

    process = start()
    with connection.execute_wrapper(decline):
        process.work()
    assert Consent.objects.get().choice == Consent.Choice.DENIED
    assert not Sighting.objects.exists()


def test_a_failing_database_does_not_affect_the_host(start, caplog):
    caplog.set_level(logging.DEBUG)

    def fail(*_):
        raise DatabaseError("disk full")

    with connection.execute_wrapper(fail):
        start().work()
    assert "disk full" in caplog.text
    assert caplog.records[0].levelno == logging.DEBUG


def test_only_one_thread_records_at_a_time(start):
    process = start()
    with process.lookout._of_this_process():
        process.work()
    assert not Sighting.objects.exists()
    process.work()
    assert Sighting.objects.exists()


@pytest.mark.parametrize(("with_children", "is_same"), [(False, False), (True, True)])
def test_a_forked_child_has_the_key_of_its_worker_and_a_web_process_its_own(with_children, is_same):
    lookout = Lookout(WEB, with_children=with_children)
    before = lookout._key
    lookout._pid = 0  # as a child finds it that was forked of another process
    lookout._of_this_process()
    assert (lookout._key == before) is is_same


def test_a_machine_is_identified_by_a_digest_of_its_boot_id(tmp_path):
    root = write(tmp_path, {"proc/sys/kernel/random/boot_id": "5f8d-hunter2\n"})
    assert machine(root) == machine(root)
    assert len(machine(root)) == 16
    assert "5f8d" not in machine(root)
    assert machine(tmp_path / "other") == ""


def test_a_request_records_its_process_and_a_task_its_worker(monkeypatch):
    """Over the signals: a request through Django's handler, a task as Celery tells of it."""
    for lookout in (receivers.web, receivers.worker):
        monkeypatch.setattr(lookout, "_due", float("-inf"))
    Client().get("/")
    receivers.note_worker(task=SimpleNamespace(request=SimpleNamespace(is_eager=True)))
    assert [row.kind for row in Sighting.objects.all()] == ["web"]
    receivers.note_worker(task=SimpleNamespace(request=SimpleNamespace(is_eager=False)))
    assert Sighting.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_request_over_asgi_records_its_process_too(monkeypatch):
    monkeypatch.setattr(receivers.web, "_due", float("-inf"))
    async_to_sync(AsyncClient().get)("/")
    assert Sighting.objects.get().kind == "web"


def test_a_sighting_says_what_was_seen_and_when(start):
    start().work()
    assert str(Sighting.objects.get()) == "web process, 2026-03-01 12:34 UTC"
