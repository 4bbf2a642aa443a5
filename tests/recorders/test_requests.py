from __future__ import annotations

import asyncio

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from metric_collection.middleware import RecorderMiddleware
from metric_collection.recorders.checks import MIDDLEWARE
from metric_collection.recorders.requests import RequestRecorder


@pytest.fixture(autouse=True)
def recording(product):
    product.METRIC_COLLECTION_RECORDERS = {"requests": "use"}
    product.ROOT_URLCONF = "tests.recorders.views"
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]
    return product


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def answered(view, times=1):
    return {("Requests", "Answered", view): times}


def ask_async(*paths):
    """Ask one after the other within one event loop, as a server does, and read streams to their end."""

    async def ask():
        client = AsyncClient(raise_request_exception=False)
        for path in paths:
            response = await client.get(path)
            if response.streaming:
                assert [line async for line in response] != []

    asyncio.run(ask())


def test_the_description_says_that_there_is_a_histogram():
    recorder = RequestRecorder.from_dict({"campaign": "use", "histogram": True})
    assert recorder.description.endswith(" Durations are counted in eight buckets, too.")


def test_a_histogram_counts_durations_in_buckets(recording, client, recorded):
    recording.METRIC_COLLECTION_RECORDERS = {"requests": {"campaign": "use", "histogram": True}}
    client.get("/shop/form")
    counts = recorded()
    assert counts["Requests", "Answered", "shop:form"] == 1
    [(category, action, bucket)] = counts.keys() - answered("shop:form").keys()
    assert (category, action) == ("Request durations", "shop:form")
    assert bucket.endswith(" ms")


def test_views_are_counted_by_name_whatever_their_parameters(client, recorded):
    for number in range(3):
        assert client.get(f"/shop/items/{number}").content == f"Item {number}".encode()
    client.get("/shop/form")
    assert recorded() == answered("shop:item", 3) | answered("shop:form")


def test_async_views_are_counted_under_asgi_and_under_wsgi(client, recorded):
    client.get("/shop/later")
    ask_async("/shop/later", "/shop/items/1")
    assert recorded() == answered("shop:later", 2) | answered("shop:item")


def test_a_stream_is_counted_when_it_starts_and_arrives_whole(client, recorded):
    assert b"".join(client.get("/shop/lines")) == b"0\n1\n2\n"
    ask_async("/shop/later-lines")
    assert recorded() == answered("shop:lines") | answered("shop:later-lines")


def test_durations_are_added_up_in_milliseconds(client, journal):
    for _ in range(2):
        client.get("/shop/slow")
    (point,) = journal().counts()
    assert 2 * 30 <= point.value < 2 * 1000
    assert point.value == round(point.value)


def test_a_view_that_raises_has_failed_and_one_that_refuses_has_not(client, recorded):
    client.get("/shop/failing/x")
    client.get("/shop/refused")
    ask_async("/shop/failing-later")
    assert recorded() == {
        ("Requests", "Failed", "shop:failing"): 1,
        ("Requests", "Failed", "shop:failing-later"): 1,
        ("Requests", "Answered", "shop:refused"): 1,
    }


def test_requests_without_a_view_of_the_publisher_are_not_counted(client, recorded):
    assert client.get("/no/such/path").status_code == 404
    assert client.get("/theirs/").content == b"Theirs"
    assert recorded() == {}


def test_a_view_without_a_name_goes_by_its_function(client, recorded):
    client.get("/nameless/")
    assert recorded() == answered("tests.recorders.views.item")


@pytest.mark.django_db
def test_an_admin_page_belongs_to_the_package_of_its_model(recording, admin_client, recorded):
    recording.METRIC_COLLECTION_PACKAGES = ["tests", "django.contrib.auth"]
    admin_client.get("/admin/auth/user/")
    admin_client.get("/admin/")
    admin_client.get("/admin/usage_metrics/")
    assert recorded() == answered("admin:auth_user_changelist")


def test_nothing_is_recorded_of_a_request_that_an_outer_middleware_answers():
    request = RequestFactory().get("/")
    answer = HttpResponse("Early")
    assert RecorderMiddleware(lambda _request: answer)(request) is answer


def test_an_exception_of_the_host_is_not_changed():
    error = LookupError("the host's own")

    def get_response(request):
        raise error

    with pytest.raises(LookupError) as raised:
        RecorderMiddleware(get_response)(RequestFactory().get("/"))
    assert raised.value is error


def test_a_failure_of_a_recorder_is_logged_without_details(caplog):
    class Match:
        @property
        def func(self):
            raise RuntimeError("secret")

    request = RequestFactory().get("/")
    request.resolver_match = Match()
    caplog.set_level("DEBUG", "metric_collection")
    assert RecorderMiddleware(lambda _request: HttpResponse("Fine"))(request).content == b"Fine"
    assert caplog.messages == ["A recorder failed with RuntimeError."]


@pytest.mark.parametrize("recorders", [{}, {"tasks": "use"}, {"requests": 5}, None])
def test_the_middleware_is_removed_without_a_recorder(recording, recorders):
    recording.METRIC_COLLECTION_RECORDERS = recorders
    with pytest.raises(MiddlewareNotUsed):
        RecorderMiddleware(HttpResponse)


def test_the_middleware_is_removed_when_metrics_are_off(monkeypatch, client):
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    with pytest.raises(MiddlewareNotUsed):
        RecorderMiddleware(HttpResponse)
    assert client.get("/shop/items/1").status_code == 200
