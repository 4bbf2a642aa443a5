from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.db import DatabaseError, InterfaceError
from django.test import RequestFactory

from metric_collection.collector.door import inbox, refusals
from metric_collection.collector.door.views import Door
from metric_collection.collector.models import Arrival, Refusal, Site
from tests.collector.reports import NOON, body, event, report

pytestmark = pytest.mark.django_db
ADDRESS = "198.51.100.77"


class Timer:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def timer():
    return Timer()


@pytest.fixture
def door(site, clock, timer):
    return Door(clock=clock, timer=timer)


@pytest.fixture
def post(door):
    def post(data=None, *, method="POST", length=None, **meta):
        data = report() if data is None else data
        meta = {"REMOTE_ADDR": ADDRESS, **meta}
        request = RequestFactory().generic(
            method, "/cleaninsights.php", data, "application/json", **meta
        )
        if length is not None:
            request.META["CONTENT_LENGTH"] = length
        return door(request)

    return post


def reasons():
    return {(refusal.site_id, refusal.reason): refusal.n for refusal in Refusal.objects.all()}


def test_a_report_is_stored_as_it_came_and_nothing_is_said(post):
    response = post(report(), HTTP_IDEMPOTENCY_KEY="k", CONTENT_TYPE="text/plain")
    assert (response.status_code, response.content) == (204, b"")
    assert not response.cookies
    arrival = Arrival.objects.get()
    assert bytes(arrival.body) == report()
    assert (arrival.site_id, arrival.received_at, arrival.source) == (5, NOON, "door")


def test_nothing_identifying_is_stored_or_logged(post, caplog):
    caplog.set_level(logging.DEBUG)
    agent = "django-metric-collection/1.0 (secret-host)"
    post(report(), HTTP_USER_AGENT=agent, HTTP_IDEMPOTENCY_KEY="4f0c")
    post(b"{", HTTP_USER_AGENT=agent)
    stored = [str(row) for model in (Arrival, Refusal) for row in model.objects.values()]
    for text in (ADDRESS, "198.51.100", "secret-host", "4f0c"):
        assert text not in caplog.text
        assert not any(text in row for row in stored)


def test_a_key_makes_a_uuid_that_differs_by_site(post):
    Site.objects.create(id=6, name="Other", slug="other")
    for site in (5, 5, 6):
        post(report(site=site), HTTP_IDEMPOTENCY_KEY="same")
    keys = list(Arrival.objects.order_by("id").values_list("key", flat=True))
    assert keys[0] == keys[1] != keys[2]
    assert keys[0].version == 5


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff", json.dumps({"idsite": 5, "site": 1}).encode()]
)
def test_a_body_that_is_no_report_is_answered_with_400(post, data):
    response = post(data)
    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert not Arrival.objects.exists()


def test_the_answer_names_the_key_that_is_wrong_and_little_of_its_value(post):
    response = post(body(event("c", "a") | {"times": "x" * 9999}))
    assert response.content.decode().startswith("events[0].times: 'xxx")
    assert len(response.content) < 300


@pytest.mark.parametrize("length", ["262145", "-1", "many", "\u0661"])
def test_a_body_of_unknown_or_too_large_length_is_not_read(post, length):
    assert post(length=length).status_code == 413


def test_a_body_in_chunks_is_not_read(post):
    assert post(length="", HTTP_TRANSFER_ENCODING="chunked").status_code == 413


def test_too_many_events_are_refused(post, settings):
    settings.METRIC_COLLECTOR_MAX_EVENTS = 2
    response = post(body(*[event("c", "a")] * 3))
    assert response.content == b"events: 3, expected at most 2 events and visits"


def test_a_compressed_body_is_refused(post):
    assert post(HTTP_CONTENT_ENCODING="gzip").status_code == 415


def test_an_unknown_site_is_answered_with_400_and_counted_by_its_number(post):
    response = post(report(site=7))
    assert (response.status_code, response.content) == (400, b"idsite: there is no site 7")
    assert reasons() == {(7, "unknown site"): 1}


def test_unknown_sites_above_a_hundred_a_day_are_counted_together(post, clock, settings):
    settings.METRIC_COLLECTOR_RATE = 1000
    for site in range(100, 203):
        post(report(site=site))
    clock.advance(timedelta(minutes=2))
    post(report(site=100))
    counted = reasons()
    assert counted[0, "unknown site"] == 3
    assert counted[100, "unknown site"] == 2
    assert len(counted) == 101


def test_a_site_that_was_just_added_is_known_at_once(post):
    assert post(report(site=6)).status_code == 400
    Site.objects.create(id=6, name="New", slug="new")
    assert post(report(site=6)).status_code == 204


def test_a_site_that_was_deleted_is_unknown_after_some_seconds(post, site, timer):
    post()
    site.delete()
    timer.now = 11.0
    assert post().status_code == 400


def test_a_network_above_its_rate_is_answered_with_429(post, settings):
    settings.METRIC_COLLECTOR_RATE = 2
    assert [post().status_code for _ in range(3)] == [204, 204, 429]
    assert 60 <= int(post()["Retry-After"]) <= 600
    assert post(REMOTE_ADDR="203.0.113.1").status_code == 204


def test_a_full_inbox_puts_reports_off_for_hours(post, put, settings, timer):
    settings.METRIC_COLLECTOR_INBOX_LIMIT = 2
    for _ in range(3):
        put(report())
    response = post()
    assert response.status_code == 503
    assert 3600 <= int(response["Retry-After"]) <= 6 * 3600
    Arrival.objects.all().delete()
    timer.now = 11.0
    assert post().status_code == 204


def test_an_inbox_that_nobody_counts_puts_reports_off(post, put):
    put(report(), at=NOON - timedelta(hours=7))
    assert post().status_code == 503


def test_a_report_that_was_set_aside_does_not_fill_the_inbox(post, put):
    put(b"poison", at=NOON - timedelta(days=6))
    Arrival.objects.update(attempts=3)
    assert post().status_code == 204


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DatabaseError("198.51.100.77"), "DEBUG"),
        (InterfaceError("198.51.100.77"), "DEBUG"),
        (ZeroDivisionError("198.51.100.77"), "ERROR"),
    ],
)
def test_any_error_is_a_503_and_logged_by_its_class_alone(post, monkeypatch, caplog, error, level):
    caplog.set_level(logging.DEBUG)

    def fail(**_):
        raise error

    monkeypatch.setattr(inbox, "put", fail)
    response = post()
    assert response.status_code == 503
    assert 60 <= int(response["Retry-After"]) <= 600
    record = caplog.records[-1]
    assert (record.levelname, record.args) == (level, (type(error).__name__,))
    assert ADDRESS not in caplog.text


def test_other_methods_are_refused(post):
    for method in ("GET", "PUT", "HEAD", "OPTIONS"):
        response = post(b"", method=method)
        assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")


def test_pages_of_allowed_origins_may_post(post, settings):
    settings.METRIC_COLLECTOR_CORS_ORIGINS = ["https://acme.example"]
    asked = post(b"", method="OPTIONS", HTTP_ORIGIN="https://acme.example")
    assert asked.status_code == 204
    assert asked["Access-Control-Allow-Origin"] == "https://acme.example"
    assert "Idempotency-Key" in asked["Access-Control-Allow-Headers"]
    posted = post(HTTP_ORIGIN="https://acme.example")
    assert posted["Access-Control-Allow-Origin"] == "https://acme.example"
    other = post(b"", method="OPTIONS", HTTP_ORIGIN="https://evil.example")
    assert other.status_code == 405
    assert "Access-Control-Allow-Origin" not in other


def test_every_origin_may_be_allowed(post, settings):
    settings.METRIC_COLLECTOR_CORS_ORIGINS = ["*"]
    assert post(HTTP_ORIGIN="https://any.example").status_code == 204


def test_a_forgotten_proxy_is_noticed(post, clock):
    post(HTTP_X_FORWARDED_FOR="203.0.113.1")
    assert reasons() == {(0, "proxy"): 1}


def test_a_request_without_an_address_is_noticed(post):
    assert post(REMOTE_ADDR="").status_code == 204
    assert reasons() == {(0, "address"): 1}


def test_refusals_are_written_once_a_minute(post, clock):
    for _ in range(5):
        post(b"{")
    assert reasons() == {(0, "invalid"): 1}
    clock.advance(timedelta(minutes=1))
    post()
    assert reasons() == {(0, "invalid"): 5}


def test_refusals_that_cannot_be_written_are_kept(door, clock, monkeypatch):
    door.refusals.count("rate", now=NOON)
    with monkeypatch.context() as patch:
        patch.setattr(refusals, "add", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            door.refusals.write_if_due(NOON)
    door.refusals.write_if_due(NOON + timedelta(minutes=1))
    assert reasons() == {(0, "rate"): 1}


@pytest.mark.urls("tests.urls")
def test_the_endpoint_needs_no_csrf_token(site, client):
    response = client.post("/collector/cleaninsights.php", report(), "application/json")
    assert response.status_code == 204
    assert client.post("/collector/", report(), "application/json").status_code == 204
