from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest

from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.collector import health, self_check
from metric_collection.collector.counting import rollup
from metric_collection.collector.door.posting import request_of
from metric_collection.collector.door.views import Door
from metric_collection.collector.models import (
    Alarm,
    Arrival,
    Cell,
    Fact,
    Hour,
    Lateness,
    Period,
    Site,
    Value,
    Work,
)
from tests.collector.reports import NOON, report

pytestmark = pytest.mark.django_db
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
LATER = NOON + HOUR
LOGGER = "metric_collection.collector"


class ToDoor:
    """A transport that leads to a door of its own, by way of the settings' public address."""

    def __init__(self, now):
        self.door = Door(clock=lambda: now)
        self.posted = []

    def post(self, url, body, *, headers, timeout):
        self.posted.append((url, headers["Idempotency-Key"]))
        request = request_of(body, key=headers["Idempotency-Key"], address="192.0.2.1")
        return Answer(status=self.door(request).status_code)


@pytest.fixture(autouse=True)
def address(settings):
    settings.METRIC_COLLECTOR_SELF_CHECK_AT = "https://metrics.example/cleaninsights.php"


def errors(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def run(now=NOON):
    return self_check.run(now, ToDoor(now))


def test_a_report_that_is_posted_twice_is_counted_once_and_deleted(site, put, caplog):
    put(report())
    transport = ToDoor(NOON)
    assert self_check.run(NOON, transport) == 1
    (first, second) = transport.posted
    assert first == second
    assert first[0] == "https://metrics.example/cleaninsights.php"
    assert rollup.roll_up(lambda: NOON) == 3
    assert Cell.objects.filter(value__text=Site.objects.of_self_check().get().name).exists()
    own = {model: set(model.objects.values_list("pk", flat=True)) for model in (Fact, Period)}
    assert run(LATER) == 1
    assert not errors(caplog)
    assert Site.objects.of_self_check().count() == 1, "the next one"
    for model, ids in own.items():
        left = model.objects.values_list("site", flat=True)
        assert set(left) == {site.pk}
        assert len(left) < len(ids)
    assert set(Value.objects.values_list("fact__site", flat=True)) == {site.pk}
    assert set(Lateness.objects.values_list("site_id", flat=True)) == {site.pk}


def test_without_an_address_the_view_is_called(settings):
    settings.METRIC_COLLECTOR_SELF_CHECK_AT = None
    settings.METRIC_COLLECTOR_PROXIES = 2
    assert self_check.run(NOON) == 1
    assert Arrival.objects.count() == 2


def test_a_report_that_is_not_counted_is_one_error_and_its_end_one_info(caplog):
    caplog.set_level(logging.INFO, LOGGER)
    run()
    for hours in (1, 2):
        assert run(NOON + hours * HOUR) == 0
    told = "self-check: the report of the last self-check was counted 0 times instead of once"
    assert errors(caplog) == [told]
    (problem,) = health.check(NOON).problems
    assert problem.text.startswith("The self-check fails since 2026-03-04 13:00 UTC: the report")
    rollup.roll_up(lambda: NOON + 2 * HOUR)
    assert run(NOON + 3 * HOUR) == 1
    assert caplog.messages[-1] == "self-check: works again."
    assert not Alarm.objects.exists()


def test_a_report_that_is_counted_twice_is_noticed(caplog):
    run()
    Arrival.objects.update(key=None)
    rollup.roll_up(lambda: NOON)
    run(LATER)
    assert "counted 2 times instead of once" in errors(caplog)[0]


@pytest.mark.parametrize(
    ("transport", "expected"),
    [(503, "the endpoint answered 503"), (None, "no connection")],
)
def test_an_endpoint_that_does_not_accept_is_noticed_at_once(transport, expected, caplog):
    broken = RecordingTransport()
    broken.answer(transport) if transport else broken.fail()
    assert self_check.run(NOON, broken) == 0
    assert expected in errors(caplog)[0]
    assert not Site.objects.of_self_check().exists()
    broken.answer(500)
    self_check.run(NOON, broken)
    assert Alarm.objects.get().detail == "the endpoint answered 500"
    assert len(errors(caplog)) == 1


def test_other_problems_are_logged_once_too(put, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    put(report(), at=NOON - 2 * HOUR)
    run()
    run()
    assert [text.partition(":")[0] for text in errors(caplog)] == ["roll-up", "self-check"]
    rollup.roll_up(lambda: NOON)
    run(LATER)
    assert "roll-up: works again." in caplog.messages


@pytest.mark.parametrize(
    ("received", "earlier", "expected"),
    [(40, 100, ["arrivals"]), (50, 100, []), (0, 19, []), (0, 0, [])],
)
def test_an_hour_with_less_than_half_of_the_usual_reports_is_a_problem(received, earlier, expected):
    hour = NOON - HOUR
    Hour.objects.create(start=hour, n=received)
    for week in range(1, 5):
        Hour.objects.create(start=hour - week * WEEK, n=earlier + week - 1)
    assert [problem.code for problem in health.check(NOON).problems] == expected


def test_a_self_check_that_has_not_run_for_two_hours_is_a_problem():
    assert health.check(NOON).self_check == "has not run"
    Work.objects.create(name="self-check", began_at=NOON, ended_at=NOON, outcome="done")
    assert health.check(NOON + 2 * HOUR).self_check == "works"
    found = health.check(NOON + 3 * HOUR)
    assert found.self_check == "fails"
    assert found.problems[0].text == (
        "The self-check has not run since 2026-03-04 12:00 UTC. Is the worker running?"
    )
    assert "Self-check: fails" in health.lines(found)


def test_healthz_and_the_operations_page_name_the_self_check(client, admin_client):
    Alarm.objects.create(code="self-check", since=NOON, detail="the endpoint answered 503")
    answer = client.get("/collector/healthz")
    assert (answer.status_code, answer.json()["self_check"]) == (503, "fails")
    page = admin_client.get("/admin/usage_metrics_collector/period/operations/")
    assert "The self-check fails since 2026-03-04 12:00 UTC" in page.content.decode()


def test_its_sites_are_no_products(client, admin_client):
    run()
    (number,) = Site.objects.of_self_check().values_list("pk", flat=True)
    assert not Site.objects.products().exists()
    assert number < 2**31
    name = Site.objects.get().name
    for url in ("/collector/", "/admin/usage_metrics_collector/period/", f"/collector/{name}/"):
        answer = (admin_client if "admin" in url else client).get(url)
        assert name not in answer.content.decode().replace(url, "")


def test_its_report_is_one_of_our_protocol():
    transport = RecordingTransport()
    self_check.run(NOON, transport)
    (first, second) = transport.sent
    assert first == second
    assert {event["action"] for event in first["events"]} == {"self-check", "first_report_of"}
    assert json.loads(transport.requests[0].body)["idsite"] == Site.objects.get().pk
