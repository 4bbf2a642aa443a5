"""Clocks and time zones that misbehave, in virtual time: one heartbeat in 24 hours, none lost for longer."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.models import Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from tests.hostile.strategies import examples

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


class Life:
    """An installation that sweeps every hour; `beats` holds the true moments of its heartbeats.

    The machine's clock is `error` off the true time.
    """

    def __init__(self, begin):
        self.now = begin
        self.error = timedelta(0)
        self.beats = []
        self.collection = Collection(clock=lambda: self.now + self.error)
        self.collection.record()

    def go_on(self, span, step=HOUR):
        end = self.now + span
        while self.now < end:
            self.now += step
            if self.collection.heartbeat() is not None:
                self.beats.append(self.now)

    @property
    def spans(self):
        return [later - earlier for earlier, later in pairwise(self.beats)]


@pytest.fixture
def life(clock):
    life = Life(clock() + 730 * DAY)
    life.go_on(2 * DAY)
    return life


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"])
@pytest.mark.parametrize("begin", ["2026-03-27", "2026-10-23"])  # before the summer time changes
def test_time_zones_and_summer_time_change_nothing(settings, use_tz, zone, begin):
    settings.USE_TZ, settings.TIME_ZONE = use_tz, zone
    life = Life(datetime.fromisoformat(f"{begin}T01:30:00+00:00"))
    life.go_on(5 * DAY)
    assert len(life.beats) == 5
    assert set(life.spans) == {DAY}
    snapshot = Snapshot.objects.get()
    assert snapshot.heartbeat_at == life.beats[-1]


def test_a_clock_that_goes_back_a_day_loses_no_heartbeat_for_more_than_a_day(life):
    life.error = -DAY
    life.go_on(5 * DAY)
    assert all(DAY <= span <= 2 * DAY for span in life.spans)
    assert len(life.beats) >= 6


def test_a_clock_that_goes_back_a_year_loses_no_heartbeat_for_more_than_a_day(life):
    life.error = -365 * DAY
    life.go_on(5 * DAY)
    assert all(DAY <= span <= 2 * DAY for span in life.spans)


def test_a_clock_that_goes_forth_a_year_and_back_again_adds_one_heartbeat_at_most(life):
    life.error = 365 * DAY
    life.go_on(DAY)
    life.error = timedelta(0)
    life.go_on(5 * DAY)
    assert len([span for span in life.spans if span < DAY]) <= 1
    assert max(life.spans) <= 2 * DAY


def test_restarts_of_beat_at_any_moment_neither_add_nor_lose_a_heartbeat(clock):
    chance = random.Random(5)
    life = Life(clock())
    while life.now < clock() + 10 * DAY:
        life.go_on(HOUR, step=timedelta(minutes=chance.randint(1, 60)))
    assert all(DAY - HOUR <= span <= DAY + HOUR for span in life.spans)
    assert 9 <= len(life.beats) <= 10


@pytest.mark.parametrize("jump", [-365 * DAY, -DAY, -HOUR, HOUR, DAY])
def test_queued_reports_survive_clock_jumps_unchanged(clock, transport, jump):
    report = Collection(clock=clock).record()
    transport.fail()
    Delivery(clock=clock, transport=transport).deliver()
    clock.advance(jump)
    for _sweep in range(2):
        clock.advance(HOUR)
        Delivery(clock=clock, transport=transport).deliver()
    first, second = transport.requests
    assert first == second
    assert second.headers["Idempotency-Key"] == str(report.key)


def test_a_year_ahead_queued_reports_are_recorded_as_too_old(clock, transport):
    Collection(clock=clock).record()
    clock.advance(365 * DAY)
    Delivery(clock=clock, transport=transport).deliver()
    assert transport.requests == []
    assert Report.objects.get().outcome == Report.Outcome.EXPIRED
    Collection(clock=clock).heartbeat()
    Delivery(clock=clock, transport=transport).deliver()
    assert [body["events"][0]["category"] for body in transport.sent] == ["Heartbeat"]


@examples(5)
@given(
    jumps=st.lists(
        st.tuples(
            st.integers(min_value=1, max_value=60),
            st.sampled_from([timedelta(days=-400), -DAY, -HOUR, timedelta(0), -DAY / 2]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whenever_the_clock_goes_back_heartbeats_stay_a_day_apart_and_go_on_within_a_day(jumps):
    Snapshot.objects.all().delete()
    Report.objects.all().delete()
    life = Life(datetime(2032, 3, 1, tzinfo=timezone.utc))
    for hours, jump in jumps:
        life.go_on(hours * HOUR)
        life.error += jump
    last_jump = life.now
    life.go_on(DAY + HOUR)
    assert all(span >= DAY - HOUR for span in life.spans)
    assert life.beats[-1] > last_jump
