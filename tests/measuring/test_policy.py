from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.cleaninsights.campaigns import Period
from metric_collection.measuring.policy import OFF, Term, Terms

from .conftest import DAY, START, daily

WINDOW = Period(start=START + DAY, end=START + 3 * DAY)
NEVER = float("inf")


@pytest.mark.parametrize(
    ("days", "is_counted"), [(0.5, False), (1, True), (2.9, True), (3, False), (400, False)]
)
def test_periods_within_the_window_are_counted(days, is_counted):
    term = Term(campaign=daily(), window=WINDOW)
    assert bool(term.period(START + days * DAY)) is is_counted


def test_without_a_window_nothing_is_counted():
    assert Term(campaign=daily(), window=None).period(START) is None


def test_a_shorter_last_period_is_counted_too():
    campaign = daily(end=START + 10.5 * DAY, aggregation_period_length=3)
    assert Term.always(campaign).period(campaign.end).end == campaign.end
    assert Term.always(campaign).period(campaign.end + timedelta.resolution) is None


@pytest.mark.parametrize(
    ("days", "change"),
    [(-1, START), (0, START + DAY), (0.5, START + DAY), (365, None), (400, None)],
)
def test_the_next_change_is_the_next_edge_of_a_period(days, change):
    assert Term.always(daily()).next_change(START + days * DAY) == change


def test_the_next_change_of_the_terms_is_that_of_the_first_campaign():
    terms = Terms(
        campaigns={
            "weekly": Term.always(daily(aggregation_period_length=7)),
            "daily": Term.always(daily()),
        }
    )
    assert terms.next_change(START) == (START + DAY).timestamp()
    assert terms.next_change(START + 400 * DAY) == OFF.next_change(START) == NEVER
