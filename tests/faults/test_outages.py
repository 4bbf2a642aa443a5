"""Days and a month without a collector, in virtual time."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from metric_collection.cleaninsights.exceptions import ConnectionFailed, TimedOut
from metric_collection.cleaninsights.transport import Answer
from metric_collection.models import Report
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery

pytestmark = pytest.mark.django_db
SWEEP = timedelta(minutes=10)  # as Celery beat
FAILURES = [
    pytest.param(ConnectionFailed("connection refused"), id="refuses"),
    pytest.param(TimedOut("no answer within 8 seconds"), id="hangs"),
    pytest.param(Answer(status=500), id="answers 500"),
    pytest.param(Answer(status=503, retry_after=7200), id="answers 503, in two hours"),
]


class Collector:
    """Fails in one way as long as there is a `failure`; then `transport` takes over."""

    def __init__(self, transport):
        self.transport = transport
        self.failure = None
        self.posts = []

    def post(self, url, body, *, headers, timeout):
        self.posts.append((headers["Idempotency-Key"], body))
        if isinstance(self.failure, Exception):
            raise self.failure
        return self.failure or self.transport.post(url, body, headers=headers, timeout=timeout)

    @property
    def received(self):
        return [body["events"][0]["category"] for body in self.transport.sent]


@pytest.fixture
def collector(transport):
    return Collector(transport)


@pytest.fixture
def sweep(clock, collector):
    """sweep(days) -> lets beat knock every ten minutes, or as often as told, for so many days."""

    def sweep(days, every=SWEEP):
        end = clock() + timedelta(days=days)
        while clock() < end:
            Collection(clock=clock, random=lambda: 0.5).heartbeat()
            Delivery(clock=clock, random=lambda: 0.5, transport=collector).deliver()
            clock.advance(every)

    return sweep


@pytest.fixture
def outage(settings, clock, collector, sweep):
    """outage(failure) -> down when installed, still down when upgraded, back after three days."""

    def outage(failure):
        every = timedelta(hours=1)
        collector.failure = failure
        sweep(days=1.25, every=every)
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        Collection(clock=clock).record()
        sweep(days=1.75, every=every)
        assert collector.received == []
        collector.failure = None
        sweep(days=0.25, every=every)

    return outage


@pytest.mark.parametrize("failure", FAILURES)
def test_everything_arrives_once_and_in_order_when_the_collector_is_back(
    outage, collector, failure
):
    outage(failure)
    assert collector.received == ["Install", "Heartbeat", "Upgrade", "Heartbeat", "Heartbeat"]
    hours = [body["events"][0]["period_start"] for body in collector.transport.sent]
    assert hours == sorted(hours)
    assert len(set(collector.posts)) == len(hours)  # every repeat had its key and its bytes
    assert not Report.objects.queued().exists()


@pytest.mark.thorough
def test_a_month_offline_loses_nothing_and_ends_in_one_delivery(collector, sweep):
    collector.failure = ConnectionFailed("network is unreachable")
    sweep(days=30, every=timedelta(hours=2))
    assert collector.received == []
    collector.failure = None
    tried = len(collector.posts)
    sweep(days=1 / 12, every=timedelta(hours=2))
    assert collector.received == ["Install"] + ["Heartbeat"] * 30
    assert len(collector.posts) == tried + 31
    assert len({key for key, _body in collector.posts}) == 31


@pytest.mark.parametrize("failure", FAILURES[1:3])
def test_the_log_tells_once_when_it_begins_and_once_when_it_ends(outage, caplog, failure):
    with caplog.at_level(logging.INFO, "metric_collection"):
        outage(failure)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_collector_that_is_down_is_not_asked_more_than_three_times_an_hour(collector, sweep):
    collector.failure = ConnectionFailed("connection refused")
    sweep(days=1)
    assert 12 <= len(collector.posts) <= 72


def test_a_collector_that_asks_to_wait_is_left_alone_until_then(collector, sweep):
    collector.failure = Answer(status=503, retry_after=7200)
    sweep(days=1)
    assert 11 <= len(collector.posts) <= 13


@pytest.mark.parametrize("status", [400, 404, 413])
def test_what_is_refused_for_good_is_given_up_and_the_next_one_tried(collector, sweep, status):
    collector.failure = Answer(status=status)
    sweep(days=0.25)
    collector.failure = None
    sweep(days=0.5)
    assert collector.received == ["Heartbeat"]
    assert [report.state for report in Report.objects.order_by("id")] == ["given-up", "delivered"]


@pytest.mark.parametrize("status", [408, 425, 429])
def test_what_is_refused_for_now_is_tried_again(collector, sweep, status):
    collector.failure = Answer(status=status)
    sweep(days=0.1)
    collector.failure = None
    sweep(days=0.1)
    assert collector.received == ["Install"]


def test_what_is_older_than_the_setting_says_is_not_sent_any_more(settings, collector, sweep):
    settings.METRIC_COLLECTION_MAX_AGE = timedelta(days=1.25)
    collector.failure = ConnectionFailed("connection refused")
    sweep(days=2)
    collector.failure = None
    sweep(days=0.1)
    assert collector.received == ["Heartbeat"]
    assert Report.objects.earliest("id").outcome == Report.Outcome.EXPIRED
