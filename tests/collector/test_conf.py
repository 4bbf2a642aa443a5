from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.collector.conf import Target, conf

PREFIX = "METRIC_COLLECTOR_"
WRONG = {
    "MAX_BODY": [0, 1023, "262144", None, True],
    "MAX_EVENTS": [0, 1.5],
    "MAX_AGE": [3600, "101", None],
    "STORED_MINIMUM": [0, -1],
    "PUBLIC_MINIMUM": [4, "10"],
    "VALUES_PER_DAY": [0],
    "PAIRS": ["os_version", [""]],
    "RATE": [0, None],
    "NETWORK_DAILY": [0],
    "PROXIES": [-1, 21],
    "INBOX_LIMIT": [0],
    "CORS_ORIGINS": ["*", ["example.org"], ["https://example.org/path"]],
    "FORWARD": [
        {0: {"url": "https://matomo.example", "site": 1, "token": "t"}},
        {5: {"url": "https://matomo.example", "site": 1}},
        {5: {"url": "matomo.example", "site": 1, "token": "t"}},
        {5: {"url": "https://matomo.example", "site": 1, "token": "t", "more": 1}},
        {"five": {"url": "https://matomo.example", "site": 1, "token": "t"}},
        {"0": {"url": "https://matomo.example", "site": 1, "token": "t"}},
        [],
    ],
    "SELF_CHECK_AT": ["example.org", "https://user:password@example.org/"],
    "QUEUE": ["", 5],
}


def test_every_setting_has_a_wrong_value_in_these_tests():
    assert {PREFIX + name for name in WRONG} == {setting.name for setting in conf.declared()}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_a_problem_and_reads_as_the_default(settings, name, value):
    default = getattr(conf, name)
    setattr(settings, PREFIX + name, value)
    assert [problem.setting.name for problem in conf.problems()] == [PREFIX + name]
    assert getattr(conf, name) == default


RIGHT = [
    ("MAX_BODY", 2048, 2048),
    ("MAX_AGE", timedelta(days=30), timedelta(days=30)),
    ("MAX_AGE", 86400, timedelta(days=1)),
    ("PAIRS", ["os_version"], ("os_version",)),
    ("CORS_ORIGINS", ["*", "https://example.org:8443"], ("*", "https://example.org:8443")),
    (
        "FORWARD",
        {5: {"url": "https://matomo.example", "site": 1, "token": "env:TOKEN"}},
        {5: Target(url="https://matomo.example", site=1, token="env:TOKEN")},
    ),
    (
        "FORWARD",
        {"5": {"url": "https://matomo.example", "site": 1, "token": "t"}},
        {5: Target(url="https://matomo.example", site=1, token="t")},
    ),
    ("SELF_CHECK_AT", "https://metrics.example.org/", "https://metrics.example.org/"),
    ("SELF_CHECK_AT", None, None),
]


@pytest.mark.parametrize(("name", "value", "expected"), RIGHT)
def test_a_right_value_is_read(settings, name, value, expected):
    setattr(settings, PREFIX + name, value)
    assert getattr(conf, name) == expected
    assert conf.problems() == []
