from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.exceptions import ConnectionFailed
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport

BODY = b'{"idsite":5}'


def post(transport, body=BODY):
    return transport.post("http://x/ci", body, headers={"A": "b"}, timeout=(1, 2))


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 5, 1, 12, tzinfo=timezone.utc),
        datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 5, 1, 12),
        "2026-05-01T12:00:00Z",
        "2026-05-01T14:00:00+02:00",
        "2026-05-01T12:00",
        1777636800,
        1777636800.0,
    ],
)
def test_a_frozen_clock_takes_moments_in_any_form(start):
    clock = FrozenClock(start)
    assert clock() == clock() == datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
    assert clock().tzinfo is timezone.utc
    clock.set(0)
    clock.set(start)
    assert clock() == FrozenClock(start=start)()


@pytest.mark.parametrize("by", [timedelta(days=1), 86400, 86400.0])
def test_a_frozen_clock_advances_by_the_given_time(by):
    clock = FrozenClock("2026-05-01")
    clock.advance(by)
    assert clock().isoformat() == "2026-05-02T00:00:00+00:00"
    clock.advance(hours=1, minutes=1)
    assert clock().isoformat() == "2026-05-02T01:01:00+00:00"


def test_a_recording_transport_answers_204_and_keeps_its_requests():
    transport = RecordingTransport()
    assert post(transport).status == 204
    assert transport.sent == [{"idsite": 5}]
    request = transport.requests[0]
    assert (request.url, request.body, request.headers) == ("http://x/ci", BODY, {"A": "b"})
    assert request.timeout == (1, 2)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_recording_transport_refuses_the_same_bodies_as_cimp(body):
    transport = RecordingTransport()
    answer = post(transport, body)
    assert (answer.status, answer.accepted, transport.sent) == (400, False, [])


def test_a_failing_transport_recovers_after_the_given_number_of_requests():
    transport = RecordingTransport()
    transport.fail(2)
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            post(transport)
    assert post(transport).accepted
    assert (len(transport.requests), len(transport.sent)) == (3, 1)


def test_a_test_chooses_the_answer():
    transport = RecordingTransport()
    transport.answer(503, retry_after=7, times=2)
    assert [post(transport).status for _ in range(3)] == [503, 503, 204]
    transport.answer(200)
    assert post(transport).accepted
    assert len(transport.sent) == 2
