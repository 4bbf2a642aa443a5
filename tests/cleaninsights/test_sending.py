from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace

import pytest

from metric_collection.cleaninsights import Configuration, MemoryStore
from metric_collection.cleaninsights.filestore import FileStore
from metric_collection.cleaninsights.sending import Sender
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport

from .test_stores import DAY, EVENT, START, TICK, VISIT, merge

FILE = {
    "server": "https://ci.example/ci.php",
    "siteId": 5,
    "timeout": 5,
    "campaigns": {
        name: {
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-12-31T00:00:00Z",
            "aggregationPeriodLength": 1,
        }
        for name in ("t", "u")
    },
}


class Place:
    """A sender with all it needs, at a moment at which the points are due."""

    def __init__(self, store=None):
        self.store = store or MemoryStore()
        self.transport = RecordingTransport()
        self.clock = FrozenClock(START + DAY + TICK)
        self.configure()

    def configure(self, **keys):
        """Begin as a process that has just started does, on the same store."""
        configuration = Configuration.from_dict({**FILE, **keys})
        self.sender = Sender(configuration, self.store, self.transport, self.clock)

    def send(self, **features):
        self.sender.send(features)

    @property
    def sent(self):
        return self.transport.sent

    @property
    def keys(self):
        return [request.headers["Idempotency-Key"] for request in self.transport.requests]

    @property
    def bodies(self):
        return [request.body for request in self.transport.requests]


@pytest.fixture
def place():
    return Place()


def names(body):
    return [event["name"] for event in body["events"]]


def test_nothing_to_send_is_no_request(place):
    place.send(ua="x")
    merge(place.store, EVENT)
    place.clock.set(START + DAY)
    place.send(ua="x")
    assert place.transport.requests == []


def test_due_points_are_sent_in_one_request(place):
    merge(place.store, EVENT, VISIT, EVENT)
    place.send(ua="x", lang="de")
    (request,) = place.transport.requests
    assert request.url == "https://ci.example/ci.php"
    assert request.timeout == (5, 5)
    assert request.headers.keys() == {"Content-Type", "Idempotency-Key"}
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.body)
    assert (body["idsite"], body["ua"], body["lang"]) == (5, "x", "de")
    assert [event["times"] for event in body["events"]] == [2]
    assert [visit["action_name"] for visit in body["visits"]] == ["a/b"]


def test_delivered_points_are_not_sent_again(place):
    merge(place.store, EVENT)
    place.send()
    place.send()
    place.configure()
    place.send()
    assert len(place.transport.requests) == 1


@pytest.mark.parametrize("status", [200, 204])
def test_200_and_204_mean_that_it_has_arrived(place, status):
    place.transport.answer(status)
    merge(place.store, EVENT)
    place.send()
    assert place.store.seal(place.clock(), ["t"], repr) is None


@pytest.mark.parametrize("status", [202, 302, 400, 500])
def test_any_other_answer_is_a_failure(place, status):
    place.transport.answer(status)
    merge(place.store, EVENT)
    place.send()
    assert place.store.backoff().failures == 1
    assert place.sent == []


def test_a_repeat_has_the_same_bytes_and_the_same_key(place):
    merge(place.store, EVENT)
    place.transport.fail(2)
    place.send()
    merge(place.store, VISIT, EVENT)
    for seconds in (10, 20):
        place.clock.advance(seconds)
        place.send()
    assert len(set(place.keys[:3])) == len(set(place.bodies[:3])) == 1
    assert place.keys[3] not in place.keys[:3]
    assert len(place.sent) == 2


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_repeat_after_a_crash_has_the_same_bytes_and_the_same_key(kind, tmp_path):
    place = Place(FileStore(tmp_path / "store") if kind == "file" else None)
    merge(place.store, EVENT)

    class Crash(BaseException):
        pass

    class CrashingTransport(RecordingTransport):
        def post(self, *given, **named):
            super().post(*given, **named)
            raise Crash

    place.transport = CrashingTransport()
    place.configure()
    with pytest.raises(Crash):
        place.send()
    crashed, place.transport = place.transport.requests, RecordingTransport()
    if kind == "file":
        place.store = FileStore(tmp_path / "store")
    place.configure()
    place.send()
    assert place.transport.requests == crashed
    assert len(place.sent) == 1


def test_the_wait_after_a_failure_outlives_the_process(tmp_path):
    place = Place(FileStore(tmp_path / "store"))
    merge(place.store, EVENT)
    place.transport.fail()
    place.send()
    place.store = FileStore(tmp_path / "store")
    place.configure()
    place.clock.advance(9.999)
    place.send()
    assert len(place.transport.requests) == 1
    place.clock.advance(0.001)
    place.send()
    assert len(place.sent) == 1


def test_retry_after_delays_the_next_attempt(place):
    merge(place.store, EVENT)
    place.transport.answer(429, retry_after=600)
    place.send()
    place.clock.advance(599)
    place.send()
    assert len(place.transport.requests) == 1
    place.clock.advance(1)
    place.send()
    assert len(place.sent) == 1


def test_a_success_ends_the_wait(place):
    merge(place.store, EVENT)
    place.transport.fail(4)
    for seconds in (0, 10, 20, 40, 80):
        place.clock.advance(seconds)
        place.send()
    merge(place.store, VISIT)
    place.transport.fail()
    place.send()
    place.clock.advance(10)
    place.send()
    assert len(place.sent) == 2


def test_an_outage_and_its_end_are_logged_once(place, caplog):
    caplog.set_level(logging.DEBUG)
    merge(place.store, EVENT)
    place.transport.fail(2)
    for seconds in (0, 10, 20):
        place.clock.advance(seconds)
        place.send()
    told = [(record.levelname, record.message) for record in caplog.records]
    assert told == [
        (
            "WARNING",
            "Sending measurements failed, will retry: no connection: set by RecordingTransport.fail().",
        ),
        (
            "DEBUG",
            "Sending measurements failed, will retry: no connection: set by RecordingTransport.fail().",
        ),
        ("INFO", "The server accepts measurements again."),
        ("DEBUG", "Sent 1 aggregates."),
    ]


@pytest.mark.parametrize("days", [5, 0])
def test_points_that_are_too_old_are_deleted(place, days):
    place.configure(maxAgeOfOldData=days)
    merge(place.store, EVENT)
    place.clock.set(EVENT.period_end + days * DAY + TICK)
    place.send()
    place.configure()
    place.send()
    assert place.transport.requests == []


def test_points_of_the_maximum_age_are_sent(place):
    place.configure(maxAgeOfOldData=5)
    merge(place.store, EVENT)
    place.clock.set(EVENT.period_end + 5 * DAY)
    place.send()
    assert len(place.sent) == 1


def test_an_age_beyond_all_of_time_forgets_nothing(place):
    place.configure(maxAgeOfOldData=1e300)
    merge(place.store, EVENT)
    place.send()
    assert len(place.sent) == 1


def failed(place, *points, **features):
    """Let a batch of these points fail, and wait until it may be repeated."""
    merge(place.store, *points)
    place.transport.fail()
    place.send(**features)
    place.clock.advance(10)


def test_a_batch_is_sealed_again_without_points_that_became_too_old(place):
    place.configure(maxAgeOfOldData=5)
    later = replace(EVENT, name="later", period_end=EVENT.period_end + DAY)
    place.clock.advance(days=1)
    failed(place, EVENT, later)
    place.clock.set(EVENT.period_end + 5 * DAY + TICK)
    place.send()
    assert [names(body) for body in place.sent] == [["later"]]
    assert place.keys[0] != place.keys[1]


def test_a_batch_is_sealed_again_without_campaigns_that_were_removed(place):
    failed(place, EVENT, replace(EVENT, name="u", campaign_id="u"))
    place.configure(campaigns={"u": FILE["campaigns"]["u"]})
    place.send()
    assert [names(body) for body in place.sent] == [["u"]]


def test_a_batch_of_which_nothing_may_leave_is_no_request(place):
    failed(place, EVENT)
    place.configure(campaigns={"u": FILE["campaigns"]["u"]})
    place.send()
    assert place.sent == []


def test_a_batch_is_sealed_again_without_a_feature_denied_since(place):
    failed(place, EVENT, lang="de", ua="x")
    place.send(ua="x")
    assert [body.get("lang") for body in place.sent] == [None]
    assert place.keys[0] != place.keys[1]


def test_only_one_thread_sends_at_a_time(place):
    class SlowTransport(RecordingTransport):
        def post(self, *given, **named):
            other = threading.Thread(target=place.send)
            other.start()
            other.join()
            return super().post(*given, **named)

    place.transport = SlowTransport()
    place.configure()
    merge(place.store, EVENT)
    place.send()
    assert len(place.transport.requests) == 1


def test_only_one_process_sends_at_a_time(tmp_path):
    place, other = (Place(FileStore(tmp_path / "store")) for _ in range(2))

    class SlowTransport(RecordingTransport):
        def post(self, *given, **named):
            other.send()
            return super().post(*given, **named)

    place.transport = SlowTransport()
    place.configure()
    merge(place.store, EVENT)
    place.send()
    other.send()
    assert len(place.sent) == 1
    assert other.transport.requests == []


def test_after_an_error_of_its_own_a_sender_can_send_again(place):
    class BrokenTransport(RecordingTransport):
        def post(self, *given, **named):
            raise ZeroDivisionError

    merge(place.store, EVENT)
    working = place.transport
    place.sender._transport = BrokenTransport()
    with pytest.raises(ZeroDivisionError):
        place.send()
    place.sender._transport = working
    place.send()
    assert len(place.sent) == 1


def test_a_server_that_does_not_understand_an_empty_body_passes_the_test(place):
    assert place.sender.test() is True
    (request,) = place.transport.requests
    assert (request.body, request.headers) == (b"", {"Content-Type": "application/json"})


@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_a_server_that_answers_otherwise_fails_the_test(place, status, caplog):
    place.transport.answer(status)
    assert place.sender.test() is False
    assert f"The server answered {status} to an empty body instead of 400." in caplog.text


def test_a_server_that_is_not_reached_fails_the_test(place, caplog):
    place.transport.fail()
    assert place.sender.test() is False
    assert "The server cannot be reached: no connection" in caplog.text
