from __future__ import annotations

import secrets
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest

from metric_collection.models import Sighting
from metric_collection.probes import Unknown
from metric_collection.probes.processes import Processes

pytestmark = pytest.mark.django_db
HERE = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"}}
ELSEWHERE = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db.example"}}
WEB, WORKER = Sighting.Kind.WEB, Sighting.Kind.WORKER


@pytest.fixture(autouse=True)
def no_celery(monkeypatch):
    monkeypatch.delitem(sys.modules, "celery", raising=False)


@pytest.fixture
def see(clock):
    """Note a process that was at work from so many hours ago until so many hours ago."""

    def see(begun=20.0, seen=0.0, *, kind=WEB, machine="one"):
        Sighting.objects.create(
            key=secrets.token_hex(16),
            kind=kind,
            machine=machine,
            begun_at=clock() - timedelta(hours=begun),
            seen_at=clock() - timedelta(hours=seen),
        )

    return see


@pytest.fixture
def gather(clock):
    def gather(databases=HERE, **options):
        settings = SimpleNamespace(DATABASES=databases, CACHES={}, CELERY_BROKER_URL=None)
        return Processes(settings=settings, clock=clock, **options).gather()

    return gather


def test_before_any_process_was_seen_their_number_is_unknown(gather):
    facts = gather()
    assert facts.pop("nodes") == "single"
    assert all(isinstance(value, Unknown) for value in facts.values())


def test_processes_are_counted_by_kind(see, gather):
    for _ in range(3):
        see()
    see(kind=WORKER)
    assert gather() == {
        "web_processes": "2-4",
        "celery_workers": "1",
        "nodes": "single",
        "number_of_nodes": "1",
        "process_uptime": "20-49 hours",
    }


def test_the_publisher_can_ask_for_exact_numbers(see, gather):
    for machine in ("one", "two", "three"):
        see(machine=machine, begun=7.5)
    facts = gather(exact=True)
    assert (facts["web_processes"], facts["number_of_nodes"]) == (3, 3)
    assert facts["process_uptime"] == "7 hours"


def test_processes_that_may_have_ended_have_no_uptime(see, gather):
    see(begun=20, seen=3)
    assert gather()["process_uptime"] == Unknown(
        "no web process has been seen in the last two hours"
    )
    see(begun=3, seen=0.5)
    see(begun=20, kind=WORKER)
    assert gather()["process_uptime"] == "2-4 hours"


def test_processes_that_have_just_begun_count(see, gather):
    see(begun=0.1, seen=0.1)
    see(begun=0, seen=0)
    assert gather()["web_processes"] == "2-4"
    assert gather()["celery_workers"] == "0"


def test_restarted_processes_do_not_count_twice(see, gather):
    for restart in (18, 12, 6):
        see(begun=restart + 5.9, seen=restart)
    see(begun=5.9, seen=0)
    assert gather()["web_processes"] == "1"


def test_a_product_that_is_switched_off_at_night_counts_by_day(see, gather):
    for _ in range(2):
        see(begun=8, seen=2)
    assert gather()["web_processes"] == "2-4"


def test_processes_that_were_last_seen_more_than_a_day_ago_do_not_count(see, gather):
    see(begun=100, seen=24.1)
    see(begun=100, seen=1)
    assert gather()["web_processes"] == "1"


def test_processes_on_two_machines_make_several_nodes(see, gather):
    see(machine="one")
    assert gather()["nodes"] == "single"
    see(machine="two", kind=WORKER)
    assert gather()["nodes"] == "several"


def test_a_restarted_machine_counts_once(see, gather):
    see(machine="before", begun=20, seen=10)
    see(machine="after", begun=9.9)
    assert gather()["nodes"] == "single"


def test_machines_that_cannot_be_identified_do_not_count(see, gather):
    see(machine="")
    see(machine="one")
    assert gather()["nodes"] == "single"


def test_a_service_elsewhere_makes_several_nodes(gather):
    assert gather(databases=ELSEWHERE)["nodes"] == "several"


def test_the_settings_and_the_clock_are_those_of_the_product():
    assert Processes().gather()["nodes"] == "single"
