from __future__ import annotations

import json
from datetime import timedelta

import pytest

from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.consent.choice import (
    choose,
    choose_group,
    disclose,
    groups,
    held_back,
    names_to_tell,
    postpone,
    undisclosed,
)
from metric_collection.models import CampaignConsent, Consent, Report
from metric_collection.outbox import seal
from metric_collection.reporting.collection import Collection, events_of
from metric_collection.reporting.delivery import Delivery
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED


def test_showing_the_notice_again_keeps_the_first_time(clock):
    disclose(now=clock())
    first = clock()
    clock.advance(days=1)
    disclose(now=clock())
    assert Consent.objects.current().notice_shown_at == first.replace(microsecond=0)


def test_a_choice_returns_the_one_before(clock):
    assert choose(DENIED, now=clock()) == Consent.Choice.UNKNOWN
    assert choose(GRANTED, now=clock()) == DENIED
    assert Consent.objects.get().decided_at == clock()


def test_a_no_deletes_unsent_data_and_keeps_the_record(clock):
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


def test_a_repeated_no_deletes_what_was_queued_since_but_the_event_of_the_first(settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(DENIED, now=clock())
    Report.objects.create(category="Install", body="{}", sealed_at=clock())
    choose(DENIED, now=clock())
    assert [report.category for report in Report.objects.all()] == ["Consent Withdrawn"]


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
    assert undisclosed(names_to_tell(Consent()), Consent.objects.get()) == ["edition"]


@pytest.mark.parametrize(
    ("mode", "held"), [("opt-out", set()), ("notice", {"b"}), ("opt-in", {"b"})]
)
def test_facts_added_after_a_yes_are_held_back_but_in_opt_out_mode(settings, mode, held):
    settings.METRIC_COLLECTION_CONSENT = mode
    assert held_back(["a", "b"], Consent(choice=GRANTED, decided_at=1, disclosed=["a"])) == held


def test_in_notice_mode_facts_added_after_the_notice_are_held_back(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert held_back(["a", "b"], Consent(notice_shown_at=1, disclosed=["a"])) == {"b"}


def test_in_opt_in_mode_a_notice_discloses_nothing(settings, clock):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    choose(GRANTED, now=clock())
    settings.METRIC_COLLECTION_FACTS = {"edition": "community"}
    disclose(now=clock())
    assert held_back(["edition", "os_version"], Consent.objects.get()) == {"edition"}
    choose(GRANTED, now=clock())
    assert held_back(["edition", "os_version"], Consent.objects.get()) == frozenset()


def test_a_yes_opens_campaigns_anew_whose_windows_are_over_unless_declined(settings, clock):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"a": daily(title="A"), "b": daily(title="B")}
    past = clock() - timedelta(days=9)
    for campaign_id, its in (("a", "unknown"), ("b", "denied")):
        CampaignConsent.objects.create(campaign_id=campaign_id, choice=its, start=past, end=past)
    choose(GRANTED, now=clock())
    assert [row.campaign_id for row in CampaignConsent.objects.all()] == ["b"]


def test_later_postpones_the_notice_until_an_answer(clock):
    tomorrow = clock().replace(microsecond=0) + timedelta(days=1)
    postpone(tomorrow, now=clock())
    assert Consent.objects.get().notice_postponed_until == tomorrow
    choose(GRANTED, now=clock())
    assert Consent.objects.get().notice_postponed_until is None


class TestGroups:
    def facts(self) -> list[list[str]]:
        bodies = [json.loads(report.body) for report in Report.objects.order_by("id")]
        return [[event["action"] for event in body["events"]] for body in bodies]

    def test_each_probe_is_a_group_and_so_are_facts_and_counts(self, settings):
        settings.METRIC_COLLECTION_FACTS = {"edition": "community", "channel": "stable"}
        settings.METRIC_COLLECTION_COUNTS = {"users": "auth.User"}
        assert groups() == [
            "product",
            "operating-system",
            "installation",
            "first-report",
            "facts",
            "counts",
        ]

    def test_a_choice_is_saved_and_the_previous_one_returned(self, clock):
        assert choose_group("operating-system", DENIED) == GRANTED
        assert Consent.objects.get().declined_groups == ["operating-system"]
        assert choose_group("operating-system", GRANTED) == DENIED
        assert Consent.objects.get().declined_groups == []

    def declining(self, group):
        """A transport that works while an operator declines a group."""

        class Declining(RecordingTransport):
            def post(self, *args, **options):
                choose_group(group, DENIED)
                return super().post(*args, **options)

        return Declining()

    def test_nothing_leaves_of_a_group_that_is_declined_during_a_delivery(self, clock):
        for _ in range(2):
            seal(
                events_of({"os_version": "x", "Acme Version": "1"}, "Heartbeat", clock()),
                category="Heartbeat",
                now=clock(),
            )
        transport = self.declining("operating-system")
        Delivery(transport=transport, clock=clock).deliver()
        assert [len(body["events"]) for body in transport.sent] == [2, 1]

    def test_the_record_shows_the_facts_that_were_on_their_way(self, clock):
        sealed = Collection(clock=clock).record()
        Delivery(transport=self.declining("operating-system"), clock=clock).deliver()
        assert Report.objects.get().body == sealed.body

    def test_a_report_that_is_deleted_before_its_turn_is_passed_over(self, clock):
        for name in ("Acme Version", "os_version"):
            seal(events_of({name: "1"}, "Heartbeat", clock()), category="Heartbeat", now=clock())
        transport = self.declining("operating-system")
        Delivery(transport=transport, clock=clock).deliver()
        assert len(transport.sent) == 1

    def test_an_unknown_group_is_a_key_error(self, clock):
        with pytest.raises(KeyError):
            choose_group("weather", DENIED)

    def test_a_group_that_is_no_longer_configured_can_be_accepted_again(self, clock):
        Consent.objects.create(declined_groups=["weather"])
        assert choose_group("weather", GRANTED) == DENIED

    def test_queued_reports_are_cut_down_to_the_other_groups_under_the_same_key(self, clock):
        key = Collection(clock=clock).record().key
        choose_group("operating-system", DENIED)
        assert self.facts() == [["Acme Version", "Installation Method", "first_report_of"]]
        assert Report.objects.get().key == key

    def test_a_report_without_facts_is_deleted(self, clock):
        Collection(clock=clock).record()
        for group in groups():
            choose_group(group, DENIED)
        assert not Report.objects.exists()

    def test_what_was_sent_stays_as_it_was(self, clock):
        report = Collection(clock=clock).record()
        Report.objects.update(state=Report.State.DELIVERED)
        choose_group("operating-system", DENIED)
        assert Report.objects.get().body == report.body

    def test_facts_of_a_declined_group_are_not_announced(self, clock):
        choose_group("installation", DENIED)
        assert "Installation Method" not in names_to_tell(Consent.objects.get())

    def test_an_accepted_group_is_covered_by_the_yes(self, settings, clock):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        choose_group("installation", DENIED)
        choose(GRANTED, now=clock())
        assert held_back(["Installation Method"], Consent.objects.get())
        choose_group("installation", GRANTED)
        assert not held_back(["Installation Method"], Consent.objects.get())


def test_before_the_first_notice_nothing_is_held_back_since_nothing_is_sent(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    assert held_back(["a"], Consent()) == frozenset()
