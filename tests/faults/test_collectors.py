"""Whatever answers a delivery, over real sockets: every report arrives when the collector is back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from itertools import chain, repeat

import pytest

from metric_collection.cleaninsights.transport import RequestsTransport
from metric_collection.models import Report
from metric_collection.outbox import seal
from metric_collection.reporting.delivery import Delivery
from tests.harness.collector import collecting
from tests.harness.ports import refusing
from tests.harness.sockets import answering, answering_with, certificate_for, serving, speaking_tls

pytestmark = pytest.mark.django_db
State = Report.State
TIMEOUT = (1, 0.3)
HANGS = 0.5  # longer than that
ENVIRONMENT = ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def answer(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Because", *headers, "", ""]).encode()


def without_end() -> Iterable[bytes]:
    return chain([answer(200)], repeat(b"x" * 65536))


@pytest.fixture(autouse=True)
def network(settings, monkeypatch):
    settings.METRIC_COLLECTION_TIMEOUT = TIMEOUT
    for name in (*ENVIRONMENT, *map(str.upper, ENVIRONMENT)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def collector() -> Iterator:
    """The collector as it is when it is well."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def deliver(clock, settings):
    """deliver(url) -> posts what is due to this collector, in time."""

    def deliver(url: str) -> None:
        settings.METRIC_COLLECTION_COLLECTOR_URL = url
        begun = time.monotonic()
        Delivery(transport=RequestsTransport(clock=clock), clock=clock).deliver()
        assert time.monotonic() - begun < 10 * sum(TIMEOUT)  # on a machine that is busy

    return deliver


@pytest.fixture
def report(clock) -> Report:
    return seal([], category="Install", now=clock())


@pytest.fixture
def is_kept_through(report, deliver, collector, clock, settings):
    """is_kept_through(url) -> fails unless the report waits, and arrives as it was when all is well."""

    def is_kept_through(url: str) -> None:
        deliver(url)
        settings.METRIC_COLLECTION_TIMEOUT = 10  # a collector that is well may be on a busy machine
        report.refresh_from_db()
        assert (report.state, report.attempts) == (State.QUEUED, 1)
        assert report.outcome
        deliver(collector.url)
        assert collector.arrivals == []  # it is not time yet
        clock.advance(hours=2)
        deliver(collector.url)
        (arrival,) = collector.arrivals
        assert (arrival.key, arrival.body) == (str(report.key), report.body.encode())
        report.refresh_from_db()
        assert (report.state, report.attempts) == (State.DELIVERED, 2)

    return is_kept_through


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(answering(answer(204), pause=HANGS), id="hangs before the answer"),
        pytest.param(answering(b"HTTP/1.1 2", b"04 ", pause=HANGS / 2), id="hangs in its middle"),
        pytest.param(answering(), id="hangs up without a word"),
        pytest.param(answering(b"HTTP/1.1 2"), id="hangs up in the middle"),
        pytest.param(answering(b"\x00\xff220 garbage\r\n\r\n"), id="garbage"),
        *(
            pytest.param(answering(answer(status)), id=str(status))
            for status in (408, 425, 429, 500, 502, 503)
        ),
    ],
)
def test_reports_arrive_once_a_failing_collector_recovers(is_kept_through, handle):
    with serving(handle) as port:
        is_kept_through(f"http://127.0.0.1:{port}/")


def test_reports_arrive_after_refused_connections(is_kept_through):
    with refusing() as port:
        is_kept_through(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_to_another_host(is_kept_through, status):
    with collecting() as elsewhere:
        away = answering(answer(status, f"Location: {elsewhere.url}", "Content-Length: 0"))
        with serving(away) as port:
            is_kept_through(f"http://127.0.0.1:{port}/")
        assert elsewhere.arrivals == []


def test_a_tls_connection_that_is_closed_keeps_the_report(is_kept_through):
    with serving(lambda connection: connection.recv(1)) as port:
        is_kept_through(f"https://127.0.0.1:{port}/")


def test_nothing_is_sent_to_an_untrusted_certificate(is_kept_through, tmp_path):
    taken: list = []
    theirs = certificate_for("IP:127.0.0.1", tmp_path)
    with serving(speaking_tls(theirs, answering(answer(204), seen=taken))) as port:
        is_kept_through(f"https://127.0.0.1:{port}/")
    assert taken == []


def test_nothing_is_sent_to_a_certificate_for_another_name(is_kept_through, tmp_path, monkeypatch):
    taken: list = []
    theirs = certificate_for("DNS:other.example", tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(theirs))
    with serving(speaking_tls(theirs, answering(answer(204), seen=taken))) as port:
        is_kept_through(f"https://127.0.0.1:{port}/")
    assert taken == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_both_forms_of_retry_after_are_respected(report, deliver, collector, clock, status, form):
    until = clock() + timedelta(hours=3)
    wanted = {"seconds": "10800", "date": format_datetime(until, usegmt=True)}[form]
    with serving(answering(answer(status, f"Retry-After: {wanted}"))) as port:
        deliver(f"http://127.0.0.1:{port}/")
    clock.set(until - timedelta(seconds=1))
    deliver(collector.url)
    assert collector.arrivals == []
    clock.set(until)
    deliver(collector.url)
    assert [arrival.key for arrival in collector.arrivals] == [str(report.key)]


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(answering(answer(200)), id="200"),
        pytest.param(answering(answer(204)), id="204"),
        pytest.param(answering_with(without_end), id="a body without an end"),
        pytest.param(
            answering(answer(200, "Content-Length: 9"), b"x", pause=HANGS / 2),
            id="a body that hangs",
        ),
    ],
)
def test_an_accepted_report_is_posted_once(report, deliver, collector, clock, handle):
    with serving(handle) as port:
        deliver(f"http://127.0.0.1:{port}/")
    clock.advance(days=1)
    deliver(collector.url)
    assert collector.arrivals == []
    report.refresh_from_db()
    assert (report.state, report.attempts) == (State.DELIVERED, 1)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 413])
def test_a_refused_report_is_recorded_and_blocks_nothing(report, deliver, collector, clock, status):
    with serving(answering(answer(status))) as port:
        deliver(f"http://127.0.0.1:{port}/")
    later = seal([], category="Heartbeat", now=clock())
    deliver(collector.url)
    assert [arrival.key for arrival in collector.arrivals] == [str(later.key)]
    report.refresh_from_db()
    assert (report.state, report.status) == (State.GIVEN_UP, status)
