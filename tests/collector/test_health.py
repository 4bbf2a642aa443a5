from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, InterfaceError

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import health
from metric_collection.collector.models import Arrival, Period, Refusal, Span, Work
from tests.collector.reports import NOON, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def problems(now=NOON):
    return [problem.code for problem in health.check(now).problems]


def test_an_empty_collector_is_well(client):
    assert health.check(NOON).is_well
    answer = client.get("/collector/healthz")
    assert (answer.status_code, answer.json()["well"]) == (200, True)


def test_a_roll_up_that_is_an_hour_behind_is_a_problem(put, client):
    now = utc_now()
    put(report(), at=now - timedelta(minutes=59))
    assert problems(now) == []
    assert problems(now + timedelta(minutes=2)) == ["roll-up"]
    Arrival.objects.update(received_at=now - timedelta(hours=2))
    answer = client.get("/collector/healthz")
    assert (answer.status_code, answer.json()["problems"].keys()) == (503, {"roll-up"})


def test_a_job_that_failed_is_a_problem():
    Work.objects.create(name="settle", outcome="failed", detail="OperationalError")
    (problem,) = health.check(NOON).problems
    assert problem.text == "settle failed: OperationalError"


@pytest.mark.parametrize("field", ["began_at", "ended_at"])
def test_a_run_in_the_future_is_a_problem_because_a_clock_was_wrong(field):
    Work.objects.create(name="settle", outcome="done", **{field: NOON + 2 * DAY})
    (problem,) = health.check(NOON).problems
    assert problem.text == (
        "settle has run at 2026-03-06 12:00 UTC, which is in the future."
        " Check the clocks of all machines that run jobs."
    )
    assert health.check(NOON + DAY).is_well


@pytest.mark.parametrize(
    ("days", "size", "state", "is_public", "expected"),
    [
        (6, 10, "settled", True, ["publish"]),
        (5, 10, "settled", True, []),
        (6, 9, "settled", True, []),
        (6, 10, "held", True, []),
        (6, 10, "settled", False, []),
    ],
)
def test_a_public_site_with_unpublished_days_is_a_problem(
    site, days, size, state, is_public, expected
):
    site.is_public = is_public
    site.save()
    start = NOON.date() - days * DAY
    Period.objects.create(site=site, span=Span.DAY, start=start, installations=size, state=state)
    assert problems() == expected


def test_faults_that_lose_reports_are_noted(put):
    put(b"poison")
    Arrival.objects.update(attempts=3)
    Refusal.objects.create(day=NOON.date(), site_id=7, reason="unknown site", n=123)
    Refusal.objects.create(day=NOON.date() - DAY, site_id=8, reason="unknown site", n=1)
    found = health.check(NOON)
    assert found.is_well
    assert [note.text for note in found.notes] == [
        "1 reports could not be counted. They are deleted after 7 days.",
        "Site 7, unknown site: 123 today.",
    ]
    assert "Site 7, unknown site: 123 today." in health.lines(found)


@pytest.mark.parametrize("error", [DatabaseError, InterfaceError])
def test_a_database_that_is_away_is_a_503(client, monkeypatch, error):
    def fail(_):
        raise error("secret")

    monkeypatch.setattr(health, "check", fail)
    answer = client.get("/collector/healthz")
    assert (answer.status_code, answer.json()["problems"]) == (503, {"database": error.__name__})
