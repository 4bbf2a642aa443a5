from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError

from metric_collection.consent.choice import choose, disclose
from metric_collection.consent.rules import Rule, ruling
from metric_collection.models import Consent

pytestmark = pytest.mark.django_db
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED


def test_silence_means_yes_by_default():
    assert ruling().sends
    assert ruling().rule is Rule.OPT_OUT


@pytest.mark.parametrize(
    "value",
    ["False", "false", "0", "no", "OFF", "disabled", "n", "f", "none", "never", "flase", " No "],
)
def test_any_word_but_a_clear_yes_in_the_environment_switches_off_and_locks(
    monkeypatch, clock, value
):
    choose(GRANTED, now=clock())
    monkeypatch.setenv("METRIC_COLLECTION", value)
    decided = ruling()
    assert (decided.gathers, decided.sends, decided.is_locked) == (False, False, True)
    assert f"METRIC_COLLECTION={value}" in decided.sentence


@pytest.mark.parametrize("value", ["1", "true", "yes", "please"])
def test_do_not_track_switches_off_and_locks(monkeypatch, value):
    monkeypatch.setenv("DO_NOT_TRACK", value)
    assert ruling().rule is Rule.DO_NOT_TRACK
    assert ruling().is_locked
    assert not ruling().gathers


@pytest.mark.parametrize("value", ["", "0", " "])
def test_do_not_track_may_be_unset(monkeypatch, value):
    monkeypatch.setenv("DO_NOT_TRACK", value)
    assert ruling().sends


@pytest.mark.parametrize(
    ("name", "value", "is_off"),
    [
        ("ACME_TELEMETRY", "False", True),
        ("ACME_TELEMETRY", "0", True),
        ("ACME_TELEMETRY", "true", False),
        ("ACME_TELEMETRY", "never", True),
        ("ACME_TELEMETRY", "", False),
        ("ACME_DISABLE_TELEMETRY", "1", True),
        ("ACME_DISABLE_TELEMETRY", "Yes", True),
        ("ACME_DISABLE_TELEMETRY", "please", True),
        ("ACME_DISABLE_TELEMETRY", "0", False),
        ("ACME_DISABLE_TELEMETRY", " ", False),
    ],
)
def test_the_publisher_names_further_variables_that_switch_off(
    settings, monkeypatch, name, value, is_off
):
    settings.METRIC_COLLECTION_OFF_SWITCHES = {
        "ACME_TELEMETRY": False,
        "ACME_DISABLE_TELEMETRY": True,
    }
    monkeypatch.setenv(name, value)
    decided = ruling()
    assert decided.sends is not is_off
    assert decided.is_locked is is_off
    assert (f"because {name}={value} is set in the environment" in decided.sentence) is is_off


def test_no_off_switch_of_the_publishers_weakens_ours(settings, monkeypatch):
    settings.METRIC_COLLECTION_OFF_SWITCHES = {"METRIC_COLLECTION": True}
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    assert ruling().rule is Rule.ENVIRONMENT


@pytest.mark.parametrize("value", [False, "False"])
def test_the_django_setting_switches_off_and_locks(settings, value):
    settings.METRIC_COLLECTION = value
    assert ruling().rule is Rule.SETTING
    assert ruling().is_locked


def test_an_environment_that_says_true_does_not_override_a_no(monkeypatch, clock):
    monkeypatch.setenv("METRIC_COLLECTION", "True")
    choose(DENIED, now=clock())
    assert not ruling().sends


def test_an_environment_that_says_true_does_not_override_the_setting(monkeypatch, settings):
    settings.METRIC_COLLECTION = False
    monkeypatch.setenv("METRIC_COLLECTION", "True")
    assert ruling().rule is Rule.SETTING


@pytest.mark.parametrize("value", ["", " ", "1", "True", "YES", "on"])
def test_an_empty_environment_variable_or_a_clear_yes_switches_nothing_off(monkeypatch, value):
    monkeypatch.setenv("METRIC_COLLECTION", value)
    assert ruling().sends


class TestInDevelopmentTestAndCI:
    @pytest.fixture(autouse=True)
    def in_earnest(self, settings, monkeypatch):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        monkeypatch.delattr(mail, "outbox")

    def test_production_sends(self):
        assert ruling().sends

    def test_debug_is_silent(self, settings):
        settings.DEBUG = True
        assert ruling().rule is Rule.DEBUG
        assert not ruling().is_locked

    def test_a_test_run_is_silent(self, monkeypatch):
        monkeypatch.setattr(mail, "outbox", [], raising=False)
        assert ruling().rule is Rule.TEST_RUN
        assert not ruling().gathers

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *[("CI", value) for value in ("true", "1", "True", "woodpecker")],
            ("TF_BUILD", "True"),
            ("TEAMCITY_VERSION", "2025.11"),
            ("JENKINS_URL", "https://ci.example.org/"),
        ],
    )
    def test_a_ci_machine_is_silent(self, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        assert ruling().rule is Rule.CI
        assert f"because {name}={value} is set" in ruling().sentence

    @pytest.mark.parametrize("value", ["false", "0", "no", ""])
    def test_a_ci_variable_that_says_no_does_not_count(self, monkeypatch, value):
        monkeypatch.setenv("CI", value)
        assert ruling().sends

    def test_send_in_development_overrides_them_all(self, settings, monkeypatch):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = settings.DEBUG = True
        monkeypatch.setenv("CI", "true")
        assert ruling().sends


def test_a_wrong_setting_keeps_the_app_silent_and_is_named(settings):
    settings.METRIC_COLLECTION_SITE_ID = 0
    assert ruling().rule is Rule.CONFIGURATION
    assert "METRIC_COLLECTION_SITE_ID" in ruling().sentence


@pytest.mark.parametrize(
    ("mode", "gathers", "sends"),
    [("opt-out", True, True), ("notice", True, False), ("opt-in", False, False)],
)
def test_the_mode_says_what_silence_means(settings, mode, gathers, sends):
    settings.METRIC_COLLECTION_CONSENT = mode
    assert (ruling().gathers, ruling().sends) == (gathers, sends)


@pytest.mark.parametrize("mode", ["opt-out", "notice", "opt-in"])
@pytest.mark.parametrize(("choice", "sends"), [(GRANTED, True), (DENIED, False)])
def test_a_choice_counts_in_every_mode(settings, clock, mode, choice, sends):
    settings.METRIC_COLLECTION_CONSENT = mode
    choose(choice, now=clock())
    assert (ruling().gathers, ruling().sends) == (sends, sends)


def test_in_notice_mode_sending_begins_when_the_notice_was_shown(settings, clock):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    disclose(now=clock())
    assert ruling().rule is Rule.NOTICE_SHOWN
    assert ruling().sends


def test_asking_writes_no_row():
    ruling()
    assert not Consent.objects.exists()


def test_the_database_refuses_a_second_row():
    Consent.objects.create()
    with pytest.raises(IntegrityError):
        Consent.objects.create(id=2)


class TestExpiry:
    @pytest.fixture(autouse=True)
    def a_year(self, settings):
        settings.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(days=365)

    @pytest.mark.parametrize(
        ("mode", "rule"),
        [("opt-in", Rule.OPT_IN), ("opt-out", Rule.OPT_OUT), ("notice", Rule.NOTICE_PENDING)],
    )
    def test_a_yes_that_is_too_old_counts_as_no_answer(self, settings, clock, mode, rule):
        settings.METRIC_COLLECTION_CONSENT = mode
        choose(GRANTED, now=clock())
        clock.advance(days=364)
        assert ruling(now=clock()).rule is Rule.GRANTED
        clock.advance(days=1)
        assert ruling(now=clock()).rule is rule

    @pytest.mark.parametrize(("ahead", "is_valid"), [({"minutes": 1}, True), ({"days": 1}, False)])
    def test_a_yes_from_the_future_counts_as_no_answer(self, clock, ahead, is_valid):
        now = clock()
        clock.advance(**ahead)
        choose(GRANTED, now=clock())
        assert (ruling(now=now).rule is Rule.GRANTED) is is_valid

    def test_a_no_stays(self, clock):
        choose(DENIED, now=clock())
        clock.advance(days=9999)
        assert ruling(now=clock()).rule is Rule.DENIED

    def test_a_new_yes_lasts_as_long_again(self, settings, clock):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(GRANTED, now=clock())
        clock.advance(days=366)
        choose(GRANTED, now=clock())
        assert ruling(now=clock()).sends

    def test_without_the_setting_a_yes_lasts_forever(self, settings, clock):
        settings.METRIC_COLLECTION_CONSENT_EXPIRES = None
        choose(GRANTED, now=clock())
        clock.advance(days=9999)
        assert ruling(now=clock()).rule is Rule.GRANTED
