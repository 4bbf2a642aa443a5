from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.conf.settings import Mode, Settings, conf


def test_a_setting_is_read_at_every_access(settings):
    settings.METRIC_COLLECTION_PRODUCT = "First"
    assert conf.PRODUCT == "First"
    settings.METRIC_COLLECTION_PRODUCT = "Second"
    assert conf.PRODUCT == "Second"


WRONG = {
    "METRIC_COLLECTION": [None, 3, ["False"]],
    "METRIC_COLLECTION_COLLECTOR_URL": [
        None,
        "",
        "example.org",
        "ftp://example.org/x",
        "http://",
        "https://example.org/\r\nX-Injected: 1",
        "https://example.org/\ud800",
        7,
    ],
    "METRIC_COLLECTION_SITE_ID": [None, 0, -1, "5", 2.5, True],
    "METRIC_COLLECTION_PRODUCT": ["", " ", None, 4],
    "METRIC_COLLECTION_PRODUCT_VERSION": ["", 1.2],
    "METRIC_COLLECTION_MODULES": ["acme-*", [1], [""], None],
    "METRIC_COLLECTION_LIBRARIES": ["netdiff", {"netdiff": 1}],
    "METRIC_COLLECTION_INSTALLATION_METHOD": [["pip"], 1],
    "METRIC_COLLECTION_PROBES": [
        "acme.Probe",
        [""],
        None,
        [("acme.Probe",)],
        [("acme.Probe", ["models"])],
        [("acme.Probe", {1: "x"})],
        [("acme.Probe", {}, 3)],
    ],
    "METRIC_COLLECTION_FACTS": [["edition"], {1: "x"}, {"": "x"}, None],
    "METRIC_COLLECTION_COUNTS": [{"users"}, {2: "auth.User"}],
    "METRIC_COLLECTION_CAMPAIGNS": [[], None],
    "METRIC_COLLECTION_CONSENT": ["maybe", None, True],
    "METRIC_COLLECTION_REPORT_OPT_OUT": ["True", 1, None],
    "METRIC_COLLECTION_LEARN_MORE_URL": ["javascript:alert(1)", "/privacy", ""],
    "METRIC_COLLECTION_HEARTBEAT_INTERVAL": [0, -1, timedelta(0), timedelta.max, "24h", True],
    "METRIC_COLLECTION_MAX_AGE": [0, "100", 1e300],
    "METRIC_COLLECTION_MAX_RETRY_DELAY": [None, timedelta(seconds=-1)],
    "METRIC_COLLECTION_TIMEOUT": [0, (4,), (4, 0), (4, 8, 12), 3600, "4"],
    "METRIC_COLLECTION_KEEP_REPORTS": [-90, []],
    "METRIC_COLLECTION_SEND_IN_DEVELOPMENT": ["yes", 0],
    "METRIC_COLLECTION_QUEUE": ["", 5],
    "METRIC_COLLECTION_FLUSH_INTERVAL": [0, "10"],
    "METRIC_COLLECTION_STATE_FOLDER": ["", "var/state", 5],
    "METRIC_COLLECTION_CATEGORIES": ["Install", ["Uninstall"], None],
    "METRIC_COLLECTION_SELECTION": ["os_version", [""], {"os_version": "os"}, None],
    "METRIC_COLLECTION_OFF_SWITCHES": [["ACME"], {"ACME": "1"}, {"": True}, None],
    "METRIC_COLLECTION_RECORDERS": [["tasks"], {1: "use"}, {"": "use"}, None],
    "METRIC_COLLECTION_CONSENT_EXPIRES": [0, "1 year", timedelta.max],
    "METRIC_COLLECTION_PROMPT": ["True", None],
    "METRIC_COLLECTION_RESULTS_URL": ["/results", "javascript:alert(1)", ""],
    "METRIC_COLLECTION_PACKAGES": ["acme", ["acme-*"], ["acme."], [""], None],
}


def test_every_setting_has_a_wrong_value_in_these_tests():
    assert set(WRONG) == {setting.name for setting in conf.declared()}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in WRONG.items() for v in vs])
def test_a_wrong_value_reads_as_the_default_and_is_a_problem(settings, name, value):
    declared = next(setting for setting in conf.declared() if setting.name == name)
    setattr(settings, name, value)
    expected = None if declared.default is None else declared.parse(declared.default)
    assert declared.__get__(conf, Settings) == expected
    (problem,) = conf.problems()
    assert problem.setting is declared
    assert problem.value == value


def test_a_value_that_raises_when_it_is_looked_at_is_a_problem_not_a_crash(settings):
    class Hostile:
        def __eq__(self, other):
            raise RuntimeError("boo")

        __hash__ = None

    settings.METRIC_COLLECTION_CONSENT = Hostile()
    assert conf.CONSENT is Mode.OPT_OUT
    assert [problem.setting.name for problem in conf.problems()] == ["METRIC_COLLECTION_CONSENT"]


@pytest.mark.parametrize(("given", "seconds"), [(90, 90), (0.5, 0.5), (timedelta(hours=2), 7200)])
def test_a_span_is_a_timedelta_or_seconds(settings, given, seconds):
    settings.METRIC_COLLECTION_HEARTBEAT_INTERVAL = given
    assert conf.HEARTBEAT_INTERVAL.total_seconds() == seconds


def test_one_timeout_counts_for_connecting_and_reading(settings):
    settings.METRIC_COLLECTION_TIMEOUT = 3
    assert conf.TIMEOUT == (3.0, 3.0)


def test_a_probe_is_a_dotted_path_alone_or_with_options(settings):
    settings.METRIC_COLLECTION_PROBES = ["acme.Probe", ("acme.Other", {"models": ["X"]})]
    assert conf.PROBES == (("acme.Probe", {}), ("acme.Other", {"models": ["X"]}))


@pytest.mark.parametrize(
    ("value", "enabled"), [("False", False), ("never", False), ("True", True), ("", True)]
)
def test_the_main_switch_takes_a_text_from_the_environment(settings, value, enabled):
    settings.METRIC_COLLECTION = value
    assert conf.ENABLED is enabled


def test_check_ids_are_unique():
    ids = [setting.id for setting in conf.declared()]
    assert len(ids) == len(set(ids))
