from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights import Campaign, Configuration, ConfigurationError
from metric_collection.cleaninsights.campaigns import EventAggregationRule

CAMPAIGN = {
    "start": "2026-01-01T00:00:00-00:00",
    "end": "2026-12-31T23:59:59-00:00",
    "aggregationPeriodLength": 1,
}
LEAST = {"server": "https://ci.example/ci.php", "siteId": 5, "campaigns": {"t": CAMPAIGN}}


def configuration(**keys):
    return Configuration.from_dict({**LEAST, **keys})


def campaign(**keys):
    return configuration(campaigns={"t": {**CAMPAIGN, **keys}}).campaigns["t"]


def without(mapping, key):
    return {name: value for name, value in mapping.items() if name != key}


def refusal(found):
    with pytest.raises(ConfigurationError) as caught:
        Configuration.from_dict(found)
    return str(caught.value)


def test_missing_keys_have_the_defaults_of_every_sdk():
    made = configuration()
    assert (made.server, made.site_id, set(made.campaigns)) == (
        "https://ci.example/ci.php",
        5,
        {"t"},
    )
    assert (made.timeout, made.max_retry_delay, made.max_age_of_old_data) == (5, 3600, 100)
    assert (made.persist_every_n_times, made.server_side_anonymous_usage) == (10, False)
    assert made.debug is False
    only = made.campaigns["t"]
    assert (only.number_of_periods, only.only_record_once) == (1, False)
    assert only.event_aggregation_rule is EventAggregationRule.SUM
    assert only.strengthen_anonymity is False


def test_every_key_can_be_given():
    made = configuration(
        timeout=0.5,
        maxRetryDelay=60,
        maxAgeOfOldData=7.5,
        persistEveryNTimes=1,
        serverSideAnonymousUsage=True,
        debug=True,
        campaigns={
            "t": {
                **CAMPAIGN,
                "numberOfPeriods": 3,
                "onlyRecordOnce": True,
                "eventAggregationRule": "avg",
                "strengthenAnonymity": True,
            }
        },
    )
    assert (made.timeout, made.max_retry_delay, made.max_age_of_old_data) == (0.5, 60, 7.5)
    assert (made.persist_every_n_times, made.server_side_anonymous_usage, made.debug) == (
        1,
        True,
        True,
    )
    only = made.campaigns["t"]
    assert (only.number_of_periods, only.only_record_once, only.strengthen_anonymity) == (
        3,
        True,
        True,
    )
    assert only.event_aggregation_rule is EventAggregationRule.AVG


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:30:00Z",
        "2026-01-01T00:30Z",
        "2026-01-01 00:30:00.000Z",
        "2026-01-01T00:30:00+00:00",
        "2026-01-01T02:30:00.000000000+02:00",
        "2025-12-31T20:00:00-0430",
        datetime(2026, 1, 1, 2, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_moment_is_iso_8601_with_a_zone_or_an_aware_datetime(text):
    start = campaign(start=text).start
    assert start == datetime(2026, 1, 1, 0, 30, tzinfo=timezone.utc)
    assert start.tzinfo is timezone.utc


def test_fractions_of_seconds_are_kept_to_the_microsecond():
    assert campaign(start="2026-01-01T00:00:00.1Z").start.microsecond == 100_000
    assert campaign(start="2026-01-01T00:00:00.1234567Z").start.microsecond == 123_456


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("server", "ci.example", "server: 'ci.example', expected a full URL such as"),
        ("server", "ftp://ci.example/", "server: 'ftp://ci.example/', expected a full URL"),
        ("server", "https:///ci.php", "server: 'https:///ci.php', expected a full URL"),
        ("server", "https://ci.example:0/", "server: 'https://ci.example:0/', expected a full URL"),
        ("server", "https://ci.example/a b", "server: 'https://ci.example/a b', expected a full"),
        ("server", 7, "server: 7, expected a full URL"),
        ("siteId", 0, "siteId: 0, expected a whole number >= 1"),
        ("siteId", 1.5, "siteId: 1.5, expected a whole number >= 1"),
        ("siteId", True, "siteId: True, expected a whole number >= 1"),
        ("siteId", "5", "siteId: '5', expected a whole number >= 1"),
        ("timeout", 0, "timeout: 0, expected a number of seconds > 0 and <= 1e9"),
        ("timeout", None, "timeout: None, expected a number of seconds"),
        ("maxRetryDelay", -1, "maxRetryDelay: -1, expected a number of seconds"),
        ("maxRetryDelay", float("nan"), "maxRetryDelay: nan, expected a number of seconds"),
        ("maxRetryDelay", 10**400, "maxRetryDelay: 1000"),
        ("maxAgeOfOldData", -1, "maxAgeOfOldData: -1, expected a number of days >= 0"),
        ("persistEveryNTimes", 0, "persistEveryNTimes: 0, expected a whole number >= 1"),
        (
            "serverSideAnonymousUsage",
            "no",
            "serverSideAnonymousUsage: 'no', expected true or false",
        ),
        ("debug", 1, "debug: 1, expected true or false"),
        ("campaigns", {}, "campaigns: {}, expected an object with at least one campaign"),
        ("campaigns", [], "campaigns: [], expected an object with at least one campaign"),
        ("campaigns", {"t": 7}, "campaigns.t: 7, expected an object"),
        ("siteID", 5, "siteID: 5, expected no other keys than server, siteId, campaigns, timeout,"),
    ],
)
def test_a_wrong_value_is_refused_with_path_and_value(key, value, message):
    assert refusal({**LEAST, key: value}).startswith(message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("aggregationPeriodLength", 0, "0, expected a whole number of days >= 1"),
        ("aggregationPeriodLength", 0.5, "0.5, expected a whole number of days >= 1"),
        ("numberOfPeriods", "3", "'3', expected a whole number"),
        ("onlyRecordOnce", None, "None, expected true or false"),
        ("eventAggregationRule", "max", "'max', expected 'sum' or 'avg'"),
        ("strengthenAnonymity", 1, "1, expected true or false"),
        ("start", "2026-01-01", "'2026-01-01', expected a moment with zone such as '2026-01-31T00"),
        ("start", "2026-13-01T00:00:00Z", "'2026-13-01T00:00:00Z', expected a moment with zone"),
        ("start", "2026-01-01T00:00:00", "'2026-01-01T00:00:00', expected a moment with zone"),
        ("start", 1767225600, "1767225600, expected a moment with zone"),
        ("start", datetime(2026, 1, 1), "datetime.datetime(2026, 1, 1, 0, 0), expected a moment"),
        ("end", "0001-01-01T00:00:00+12:00", "'0001-01-01T00:00:00+12:00', expected a moment"),
        ("end", "2025-12-31T00:00:00Z", "'2025-12-31T00:00:00+00:00', expected a moment after the"),
        ("title", "x", "'x', expected no other keys than start, end, aggregationPeriodLength,"),
    ],
)
def test_a_wrong_value_of_a_campaign_is_refused_with_its_id_in_the_path(key, value, message):
    found = {**LEAST, "campaigns": {"t": {**CAMPAIGN, key: value}}}
    assert refusal(found).startswith(f"campaigns.t.{key}: {message}")


@pytest.mark.parametrize("key", LEAST)
def test_a_missing_required_key_is_an_error(key):
    assert refusal(without(LEAST, key)).startswith(f"{key}: missing, expected")


@pytest.mark.parametrize("key", CAMPAIGN)
def test_a_missing_required_key_of_a_campaign_is_an_error(key):
    found = {**LEAST, "campaigns": {"t": without(CAMPAIGN, key)}}
    assert refusal(found).startswith(f"campaigns.t.{key}: missing, expected")


def test_only_objects_are_accepted():
    assert refusal([]) == "configuration: [], expected an object"


def test_whole_numbers_may_be_written_as_floats():
    assert repr(configuration(siteId=5.0).site_id) == "5"


def test_a_configuration_can_be_made_of_values_and_is_checked_as_well():
    made = Configuration(
        server="https://ci.example/",
        site_id=5,
        campaigns={
            "t": Campaign(
                start="2026-01-01T00:00:00Z",
                end="2026-02-01T00:00:00Z",
                aggregation_period_length=1,
            )
        },
    )
    assert made.campaigns["t"].end == datetime(2026, 2, 1, tzinfo=timezone.utc)
    with pytest.raises(ConfigurationError, match="siteId: 0"):
        Configuration(server=made.server, site_id=0, campaigns=made.campaigns)


def test_campaigns_cannot_be_changed_afterwards():
    with pytest.raises(TypeError):
        configuration().campaigns["u"] = None


def test_a_configuration_is_read_from_a_file(tmp_path):
    path = tmp_path / "cleaninsights.json"
    path.write_text(json.dumps({**LEAST, "campaigns": {"Büro": CAMPAIGN}}), encoding="utf-8")
    assert set(Configuration.from_file(path).campaigns) == {"Büro"}
    assert Configuration.from_file(str(path)) == Configuration.from_file(path)


def test_an_unreadable_file_is_an_error(tmp_path):
    path = tmp_path / "cleaninsights.json"
    with pytest.raises(ConfigurationError, match="expected a file that can be read"):
        Configuration.from_file(path)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_file_without_json_is_an_error(tmp_path, content):
    path = tmp_path / "cleaninsights.json"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="expected JSON in UTF-8"):
        Configuration.from_file(path)
