from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metric_collection.cleaninsights.campaigns import Campaign, Period, exact
from metric_collection.cleaninsights.datapoints import Event, Visit

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def campaign(*, days=30, length=7, periods=10, **keys):
    return Campaign(
        start=START,
        end=START + days * DAY,
        aggregation_period_length=length,
        number_of_periods=periods,
        **keys,
    )


def period(first, last):
    return Period(start=START + first * DAY, end=START + last * DAY)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (START - TICK, None),
        (START, period(0, 7)),
        (START + 7 * DAY - TICK, period(0, 7)),
        (START + 7 * DAY, period(7, 14)),
        (START + 28 * DAY, period(28, 30)),
        (START + 30 * DAY, period(28, 30)),
        (START + 30 * DAY + TICK, None),
    ],
)
def test_periods_are_counted_from_the_start_and_cut_at_the_end(now, expected):
    assert campaign().current_period(now) == expected


@pytest.mark.parametrize("periods", [0, -1])
def test_a_campaign_without_periods_has_no_current_period(periods):
    assert campaign(periods=periods).current_period(START) is None
    assert campaign(periods=periods).window(START) is None


def test_a_period_may_be_longer_than_all_of_time():
    endless = campaign(length=10**12)
    assert endless.current_period(START + DAY) == period(0, 30)
    assert endless.window(START) is None


@given(
    days=st.integers(1, 400),
    length=st.integers(1, 40),
    periods=st.integers(1, 12),
    strengthened=st.booleans(),
    into=st.floats(0, 1),
)
def test_a_window_is_of_whole_periods_within_the_campaign(
    days, length, periods, strengthened, into
):
    running = campaign(days=days, length=length, periods=periods, strengthen_anonymity=strengthened)
    now = START + into * days * DAY
    assume(window := running.window(now))
    span = window.end - window.start
    assert span % running.aggregation_period == timedelta(0)
    assert timedelta(0) < span <= periods * running.aggregation_period
    assert window.end <= running.end
    current = running.current_period(now)
    assert window.start == (current.end if strengthened else current.start)


@pytest.mark.parametrize(
    ("periods", "now", "strengthened", "expected"),
    [
        (2, 8, False, period(7, 21)),
        (2, 8, True, period(14, 28)),
        (9, 8, False, period(7, 28)),
        (9, 22, True, None),
        (9, 29, False, None),
        (9, 31, False, None),
    ],
)
def test_the_window_of_consent(periods, now, strengthened, expected):
    running = campaign(periods=periods, strengthen_anonymity=strengthened)
    assert running.window(START + now * DAY) == expected


def event(value=None, times=1):
    ends = period(0, 7)
    return Event(
        category="c",
        action="a",
        value=value,
        times=times,
        period_start=ends.start,
        period_end=ends.end,
    )


@pytest.mark.parametrize(
    ("rule", "old", "new", "expected"),
    [
        ("sum", (1.5, 2), (2, 1), (3.5, 3)),
        ("sum", (None, 2), (2, 1), (2, 3)),
        ("sum", (2, 2), (None, 1), (2, 3)),
        ("sum", (None, 1), (None, 1), (None, 2)),
        ("sum", (2, 10), (3, 100), (5, 110)),
        ("avg", (1, 1), (2, 1), (1.5, 2)),
        ("avg", (None, 1), (6, 1), (3, 2)),
        ("avg", (6, 1), (None, 1), (6, 2)),
        ("avg", (1, 3), (5, 1), (2, 4)),
        ("avg", (1, 10), (4, 20), (3, 30)),
    ],
)
def test_values_are_aggregated_by_the_rule(rule, old, new, expected):
    merged = campaign(event_aggregation_rule=rule).merged(event(*old), event(*new))
    assert (merged.value, merged.times) == expected


def test_visits_are_counted():
    ends = period(0, 7)
    visit = Visit(path=("a",), period_start=ends.start, period_end=ends.end)
    assert campaign().merged(visit, visit).times == 2


def test_only_the_first_is_recorded_where_the_campaign_says_so():
    first = event(1)
    assert campaign(only_record_once=True).merged(first, event(2)) is first


@pytest.mark.parametrize("whole", [2**53, -(2**53)])
def test_whole_numbers_are_exact_as_far_as_json_is(whole):
    assert isinstance(exact(whole), int)
    assert isinstance(exact(whole * 2), float)
    merged = campaign().merged(event(whole), event(whole))
    assert repr(merged.value) == repr(float(2 * whole))
