from __future__ import annotations

import pytest

from metric_collection.checks import check_settings
from metric_collection.recorders.checks import MIDDLEWARE, unseen_command
from tests.campaigns import daily

PATTERN = r"(?P<product>acme-cli)/(?P<version>[0-9.]+)"
CLIENTS = {"campaign": "use", "pattern": PATTERN}


@pytest.fixture(autouse=True)
def seeing(product):
    product.METRIC_COLLECTION_RECORDERS = {"requests": "use"}
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]
    return product


def test_all_recorders_at_once_are_fine(seeing):
    names = dict.fromkeys(("requests", "tasks", "errors", "commands"), "use")
    seeing.METRIC_COLLECTION_RECORDERS = {**names, "clients": CLIENTS}
    assert check_settings() == []


@pytest.mark.parametrize(
    ("recorders", "told"),
    [
        ({"queries": "use"}, "recorder: 'queries', expected one of requests, tasks"),
        ({"errors": ""}, "errors.campaign: '', expected a string"),
        ({"errors": {}}, "errors.campaign: missing, expected a string"),
        ({"tasks": {"campaign": "use", "name": "x"}}, "tasks.name: 'x', expected no other keys"),
        ({"clients": "use"}, "clients.pattern: missing, expected a regular expression"),
        ({"clients": {**CLIENTS, "pattern": "("}}, "clients.pattern: '(', expected a regular"),
        ({"clients": {**CLIENTS, "pattern": 5}}, "clients.pattern: 5, expected a regular"),
    ],
)
def test_an_invalid_recorder_is_reported_with_its_path(seeing, recorders, told):
    seeing.METRIC_COLLECTION_RECORDERS = {"requests": "use", **recorders}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W128"
    assert message.msg.startswith(f"METRIC_COLLECTION_RECORDERS: {told}")


def test_an_undefined_campaign_is_reported(seeing):
    seeing.METRIC_COLLECTION_RECORDERS = {"requests": "speed"}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W011"
    assert "'requests'" in message.msg
    assert "'speed'" in message.msg
    assert "use" in message.hint


def test_durations_for_a_campaign_that_records_once_are_a_warning(seeing):
    seeing.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(onlyRecordOnce=True)}
    assert [message.id for message in check_settings()] == ["usage_metrics.W012"]


def test_recording_each_error_once_is_no_warning(seeing):
    seeing.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(), "once": daily(onlyRecordOnce=True)}
    seeing.METRIC_COLLECTION_RECORDERS = {"requests": "use", "errors": "once"}
    assert check_settings() == []


@pytest.mark.parametrize("recorders", [{"requests": "use"}, {"clients": CLIENTS}])
def test_a_missing_middleware_is_a_warning(seeing, recorders):
    seeing.METRIC_COLLECTION_RECORDERS = recorders
    seeing.MIDDLEWARE = seeing.MIDDLEWARE[1:]
    (message,) = check_settings()
    assert message.id == "usage_metrics.W013"
    assert MIDDLEWARE in message.hint


def test_a_middleware_without_a_recorder_is_a_warning(seeing):
    seeing.METRIC_COLLECTION_RECORDERS = {"tasks": "use"}
    (message,) = check_settings()
    assert message.id == "usage_metrics.W014"


def test_recorders_without_packages_are_a_warning(seeing):
    seeing.METRIC_COLLECTION_PACKAGES = []
    (message,) = check_settings()
    assert message.id == "usage_metrics.W015"
    assert "requests" in message.msg
    seeing.METRIC_COLLECTION_RECORDERS = {"clients": CLIENTS}
    assert check_settings() == []


@pytest.mark.parametrize(
    ("line", "modules", "ids"),
    [
        (["manage.py", "migrate"], [], ["usage_metrics.W016"]),
        (["manage.py", "migrate"], ["metric_collection.management"], []),
        (["manage.py"], [], []),
        (["pytest", "tests"], [], []),
    ],
)
def test_a_manage_py_that_hides_commands_is_a_warning(line, modules, ids):
    assert [message.id for message in unseen_command(line, modules)] == ids
