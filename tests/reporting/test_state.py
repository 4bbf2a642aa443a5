from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.cleaninsights.clock import EPOCH
from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from metric_collection.reporting.state import Situation, delivery_state

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def state(clock):
    return lambda: delivery_state(clock())


@pytest.fixture
def deliver(clock, transport):
    return lambda: Delivery(clock=clock, transport=transport, random=lambda: 0.0).deliver()


@pytest.fixture
def installed(clock):
    """The Install is queued, the first heartbeat is due in half a day."""
    return Collection(clock=clock, random=lambda: 0.5).record()


def test_before_an_install_there_is_nothing_to_deliver(state):
    assert state().situation == Situation.NOT_INSTALLED
    assert (
        state().sentence
        == "Nothing has been recorded yet. The next run of Celery or cron will do so."
    )


def test_a_clock_that_is_wrong_is_named(state, clock):
    clock.set("1970-01-01T00:10:00Z")
    assert state().situation == Situation.CLOCK
    assert "the clock of this machine shows Dec. 31, 1969" in state().sentence  # in Chicago


def test_the_first_report_was_not_sent_yet(state, installed, clock):
    found = state()
    assert (found.situation, found.queued) == (Situation.NOT_SENT, 1)
    assert found.next_attempt == clock()
    assert found.queue_sentence.startswith("Queued reports: 1. Next attempt: March 1, 2026")
    assert not found.needs_attention


def test_a_delivered_report_is_named_with_its_moment(state, installed, deliver, clock):
    deliver()
    found = state()
    assert (found.situation, found.since) == (Situation.DELIVERED, clock())
    assert (found.queued, found.next_attempt, found.queue_sentence) == (0, None, "")
    assert "was delivered on March 1, 2026" in found.sentence
    assert found.next_heartbeat == clock() + DAY / 2


def test_an_outage_is_named_with_its_beginning_and_the_reason(
    state, installed, transport, deliver, clock
):
    begun = clock()
    transport.fail(2)
    deliver()
    clock.advance(HOUR)
    deliver()
    found = state()
    assert (found.situation, found.since) == (Situation.FAILING, begun)
    assert found.outcome == Report.Outcome.NO_CONNECTION
    assert "no connection to the collector" in found.sentence
    assert found.needs_attention


def test_one_report_that_fails_while_others_are_delivered_is_no_outage(
    state, installed, transport, deliver, clock
):
    transport.answer(500, times=2)
    deliver()
    clock.advance(DAY)
    Collection(clock=clock).heartbeat()
    deliver()
    assert state().situation == Situation.DELIVERED


def test_a_refusal_is_named_with_its_status(state, installed, transport, deliver):
    transport.answer(404)
    deliver()
    assert state().situation == Situation.REFUSED
    assert "refused by the collector (404)" in state().sentence


def test_a_collector_may_pause_delivery(state, installed, transport, deliver, clock):
    transport.answer(503, retry_after=7200)
    deliver()
    found = state()
    assert found.situation == Situation.PAUSED
    assert (found.next_attempt, found.wait) == (clock() + 2 * HOUR, Report.Wait.PAUSE)
    clock.advance(hours=2)
    assert state().situation == Situation.FAILING


def test_a_report_that_expired_is_an_outage(state, installed, deliver, clock):
    clock.advance(days=101)
    deliver()
    Snapshot.objects.update(swept_at=clock())
    assert state().situation == Situation.FAILING
    assert "not delivered in time" in state().sentence


def test_an_export_is_named(state, installed, clock):
    Report.objects.update(
        state=Report.State.EXPORTED, outcome=Report.Outcome.EXPORTED, settled_at=clock()
    )
    assert state().situation == Situation.EXPORTED


class TestStalled:
    def test_nothing_has_swept_since_the_install(self, state, installed, clock):
        begun = clock()
        clock.advance(27 * HOUR)
        found = state()
        assert (found.situation, found.since) == (Situation.STALLED, begun)
        assert "Start a Celery worker and beat, or add the cron job." in found.sentence

    def test_nothing_has_swept_since_the_last_sweep(self, state, installed, clock):
        Snapshot.objects.update(swept_at=clock() + DAY)
        clock.advance(27 * HOUR)
        assert state().situation == Situation.NOT_SENT
        clock.advance(DAY)
        assert state().situation == Situation.STALLED

    def test_nothing_is_due(self, state, installed, deliver, clock):
        deliver()
        clock.advance(27 * HOUR)
        Snapshot.objects.update(heartbeat_due=clock() + HOUR)
        assert state().situation == Situation.DELIVERED


class TestPlans:
    def test_the_next_attempt_is_when_the_backoff_is_over(
        self, state, installed, transport, deliver, clock
    ):
        transport.fail()
        deliver()
        assert state().next_attempt == clock() + timedelta(seconds=8)
        assert state().wait == Report.Wait.BACKOFF
        assert "(backing off after a failure)" in state().queue_sentence
        clock.advance(seconds=9)
        assert state().next_attempt == clock()

    def test_the_next_heartbeat_is_never_in_the_past(self, state, installed, clock):
        clock.advance(DAY)
        assert state().next_heartbeat == clock()

    def test_after_a_no_nothing_is_planned(self, state, installed, clock):
        choose(Consent.Choice.DENIED, now=clock())
        found = state()
        assert (found.situation, found.sentence) == (Situation.OFF, "Nothing is sent.")
        assert (found.next_attempt, found.next_heartbeat) == (None, None)

    def test_the_event_of_an_opt_out_is_queued_without_a_plan(
        self, state, installed, clock, settings
    ):
        settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
        choose(Consent.Choice.DENIED, now=clock())
        assert state().queue_sentence == "Queued reports: 1."

    def test_without_heartbeats_none_is_planned(self, state, installed, settings):
        settings.METRIC_COLLECTION_CATEGORIES = ["Install", "Upgrade"]
        assert state().next_heartbeat is None

    def test_a_report_of_a_clock_that_went_back_is_due_now(self, state, installed, clock):
        Report.objects.update(attempted_at=clock() + DAY, wait_until=clock() + DAY)
        assert state().next_attempt == clock()


def test_it_takes_four_queries(state, installed, django_assert_num_queries):
    with django_assert_num_queries(5):  # and one for consent
        state()


def test_moments_are_in_the_operators_time_zone(state, installed, deliver, clock, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    deliver()
    Report.objects.update(settled_at=EPOCH)
    assert state().sentence == "The last report was delivered on Jan. 1, 1970, 9 a.m."
