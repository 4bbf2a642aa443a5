from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.campaigns import Campaign
from metric_collection.cleaninsights.consents import (
    Consent,
    ConsentState,
    Feature,
    campaign_granted,
    denied,
    feature_granted,
    state_of,
)

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
CAMPAIGN = Campaign(
    start=datetime(2026, 1, 1, tzinfo=timezone.utc),
    end=datetime(2026, 2, 1, tzinfo=timezone.utc),
    aggregation_period_length=1,
    number_of_periods=3,
)
YES = Consent(granted=True, start=NOW, end=NOW + HOUR)


def test_the_words_are_those_of_every_sdk():
    words = ["unconfigured", "unknown", "denied", "notStarted", "granted", "expired"]
    assert [state.value for state in ConsentState] == words
    assert [feature.value for feature in Feature] == ["lang", "ua"]


@pytest.mark.parametrize(
    ("consent", "at", "state"),
    [
        (None, NOW, ConsentState.UNKNOWN),
        (YES, NOW - TICK, ConsentState.NOT_STARTED),
        (YES, NOW, ConsentState.GRANTED),
        (YES, NOW + HOUR, ConsentState.GRANTED),
        (YES, NOW + HOUR + TICK, ConsentState.EXPIRED),
        (denied(None, NOW), NOW + HOUR, ConsentState.DENIED),
        (feature_granted(None, NOW), NOW - HOUR, ConsentState.GRANTED),
        (feature_granted(None, NOW), NOW + 10_000 * HOUR, ConsentState.GRANTED),
    ],
)
def test_where_consent_stands(consent, at, state):
    assert state_of(consent, at) is state


def test_a_granted_campaign_has_the_window_that_opens_now():
    day = NOW.replace(hour=0)
    assert campaign_granted(CAMPAIGN, NOW) == Consent(
        granted=True, start=day, end=day + timedelta(days=3)
    )


def test_a_grant_without_a_window_is_over_at_once():
    consent = campaign_granted(CAMPAIGN, CAMPAIGN.end + HOUR)
    assert consent.granted
    assert state_of(consent, CAMPAIGN.end + HOUR + TICK) is ConsentState.EXPIRED


def test_the_first_no_keeps_its_time():
    first = denied(YES, NOW)
    assert denied(first, NOW + HOUR) is first
    assert first.start == NOW


def test_the_first_yes_to_a_feature_keeps_its_time():
    first = feature_granted(denied(None, NOW), NOW)
    assert feature_granted(first, NOW + HOUR) is first
    assert first.start == NOW
