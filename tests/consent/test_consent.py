from __future__ import annotations

import json

import pytest
from django.core import mail
from django.db import IntegrityError

from metric_collection.consent.choice import choose, disclose, held_back, names_to_tell, undisclosed
from metric_collection.consent.rules import Rule, ruling
from metric_collection.models import Consent, Report
from metric_collection.reporting.collection import Collection

pytestmark = pytest.mark.django_db
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED


def test_silence_means_yes_by_default():
    assert ruling().sends
    assert ruling().rule is Rule.OPT_OUT


@pytest.mark.parametrize("value", ["False", "false", "0", "no", "OFF"])
def test_the_environment_switches_off_and_locks(monkeypatch, clock, value):
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
        ("ACME_TELEMETRY", "maybe", False),
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


class TestOnMachinesThatAreNobodysInstallation:
    @pytest.fixture(autouse=True)
    def in_earnest(self, settings, monkeypatch):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        monkeypatch.delattr(mail, "outbox")

    def test_nothing_else_is_in_the_way(self):
        assert ruling().sends

    def test_debug_is_silent(self, settings):
        settings.DEBUG = True
        assert ruling().rule is Rule.DEBUG
        assert not ruling().is_locked

    def test_a_test_run_is_silent(self, monkeypatch):
        monkeypatch.setattr(mail, "outbox", [], raising=False)
        assert ruling().rule is Rule.TEST_RUN
        assert not ruling().gathers

    @pytest.mark.parametrize("value", ["true", "1", "True"])
    def test_ci_is_silent(self, monkeypatch, value):
        monkeypatch.setenv("CI", value)
        assert ruling().rule is Rule.CI

    @pytest.mark.parametrize("value", ["false", "0", ""])
    def test_a_ci_variable_that_says_no_is_no_ci(self, monkeypatch, value):
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


def test_showing_the_notice_again_keeps_the_first_time(clock):
    disclose(now=clock())
    first = clock()
    clock.advance(days=1)
    disclose(now=clock())
    assert Consent.objects.current().notice_shown_at == first.replace(microsecond=0)


def test_asking_writes_no_row():
    ruling()
    assert not Consent.objects.exists()


def test_the_database_refuses_a_second_row():
    Consent.objects.create()
    with pytest.raises(IntegrityError):
        Consent.objects.create(id=2)


def test_a_choice_returns_the_one_before(clock):
    assert choose(DENIED, now=clock()) == Consent.Choice.UNKNOWN
    assert choose(GRANTED, now=clock()) == DENIED
    assert Consent.objects.get().decided_at == clock()


def test_a_no_deletes_what_has_not_left_and_keeps_the_record(clock):
    waiting = Collection(clock=clock).record()
    sent = Report.objects.create(
        category="Heartbeat", body="{}", sealed_at=clock(), state=Report.State.DELIVERED
    )
    choose(DENIED, now=clock())
    assert list(Report.objects.all()) == [sent]
    assert waiting not in Report.objects.all()


def test_a_repeated_no_sends_no_second_event(settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(DENIED, now=clock())
    choose(DENIED, now=clock())
    assert Report.objects.count() == 1


def test_a_no_queues_one_last_event_only_where_the_publisher_says_so(settings, clock):
    choose(DENIED, now=clock())
    assert not Report.objects.exists()
    choose(GRANTED, now=clock())
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(DENIED, now=clock())
    (event,) = json.loads(Report.objects.get().body)["events"]
    assert (event["category"], event["action"], event["name"]) == (
        "Consent Withdrawn",
        "Action",
        "Opt-out",
    )


def test_a_no_to_what_never_was_allowed_sends_nothing(settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    choose(DENIED, now=clock())
    assert not Report.objects.exists()


def test_a_choice_discloses_what_could_be_sent_then(settings, clock):
    choose(GRANTED, now=clock())
    settings.METRIC_COLLECTION_FACTS = {"edition": "community"}
    assert undisclosed(names_to_tell(), Consent.objects.get()) == ["edition"]


@pytest.mark.parametrize(
    ("mode", "held"), [("opt-out", set()), ("notice", {"b"}), ("opt-in", {"b"})]
)
def test_facts_added_later_are_held_back_but_in_opt_out_mode(settings, mode, held):
    settings.METRIC_COLLECTION_CONSENT = mode
    told = Consent(notice_shown_at="2026-01-01", disclosed=["a"])
    assert held_back(["a", "b"], told) == held


def test_before_the_first_notice_nothing_is_held_back_since_nothing_is_sent(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert held_back(["a"], Consent()) == frozenset()
