from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from django.utils.translation import gettext_lazy, override

from metric_collection.cleaninsights.consents import Consent as Consented
from metric_collection.cleaninsights.consents import ConsentState
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.consent import campaigns as windows
from metric_collection.consent.choice import choose, disclose, names_to_tell
from metric_collection.consent.rules import Rule
from metric_collection.models import CampaignConsent, Consent, Measurement, Report
from metric_collection.models.transactions import held
from metric_collection.outbox import discard_campaign, enqueue
from metric_collection.reporting.delivery import Delivery
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
GRANTED, DENIED, UNKNOWN = Consent.Choice.GRANTED, Consent.Choice.DENIED, Consent.Choice.UNKNOWN
TODAY = datetime(2026, 3, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
EVENT = Event(
    category="Search",
    action="Open",
    campaign_id="search",
    period_start=TODAY,
    period_end=TODAY + DAY,
)


@pytest.fixture(autouse=True)
def declared(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    return settings


@pytest.fixture
def standing(clock):
    return lambda: windows.standings(Consent.objects.current(), now=clock())["search"]


def state(standing, now):
    """Return the state that Clean Insights gives to the row of a campaign."""
    if now >= standing.declared.campaign.end:
        return ConsentState.UNCONFIGURED
    if (row := standing.row) is None:
        return ConsentState.UNKNOWN
    return Consented(granted=row.choice != DENIED, start=row.start, end=row.end).state(now)


class TestModes:
    def test_silence_is_a_yes_in_opt_out_mode_from_when_a_campaign_is_seen(self, standing, clock):
        assert state(standing(), clock()) is ConsentState.GRANTED
        assert (standing().window.start, standing().window.end) == (TODAY, TODAY + 10 * DAY)
        assert standing().choice == UNKNOWN

    def test_a_window_that_is_kept_does_not_move(self, standing, clock):
        windows.save([standing()])
        clock.advance(days=5)
        assert standing().window.start == TODAY
        assert not standing().is_new

    def test_a_window_that_is_over_does_not_open_again_by_itself(self, standing, clock):
        windows.save([standing()])
        clock.advance(days=10)
        assert state(standing(), clock()) is ConsentState.EXPIRED

    def test_in_opt_in_mode_the_yes_covers_the_campaigns_that_its_question_listed(
        self, declared, standing, clock
    ):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        assert standing().window is None
        assert state(standing(), clock()) is ConsentState.UNKNOWN
        choose(GRANTED, now=clock())
        assert state(standing(), clock()) is ConsentState.GRANTED

    def test_in_opt_in_mode_a_campaign_added_later_needs_a_new_yes_or_one_of_its_own(
        self, declared, clock
    ):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(GRANTED, now=clock())
        declared.METRIC_COLLECTION_CAMPAIGNS = {
            name: daily(title=name.title()) for name in ("search", "export", "print")
        }
        disclose(now=clock())
        assert self.open(clock()) == ["search"]
        windows.decide("export", GRANTED, now=clock())
        assert self.open(clock()) == ["search", "export"]
        choose(GRANTED, now=clock())
        assert self.open(clock()) == ["search", "export", "print"]

    @pytest.mark.parametrize("title", ["Search", "os_version"])
    def test_a_yes_covers_no_later_campaign_of_the_same_title(self, declared, clock, title):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(GRANTED, now=clock())
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "logins": daily(title=title)}
        assert self.open(clock()) == ["search"]

    def test_a_yes_to_a_fact_covers_no_campaign_whatever_its_name(self, declared, clock):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        logins = {"logins": daily(title="Logins")}
        declared.METRIC_COLLECTION_FACTS = {
            "Logins": "x",
            "logins": "x",
            "campaign:logins": "x",
            "campaign\tlogins": "x",
        }
        choose(GRANTED, now=clock())
        declared.METRIC_COLLECTION_CAMPAIGNS = logins
        assert self.open(clock()) == []

    def test_a_yes_in_another_language_covers_the_same_campaigns(self, declared, clock):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title=gettext_lazy("Yes"))}
        with override("de"):
            choose(GRANTED, now=clock())
        assert self.open(clock()) == ["search"]

    def open(self, now) -> list[str]:
        found = windows.standings(Consent.objects.current(), now=now)
        return [name for name, each in found.items() if each.window]

    def test_notice_mode_waits_for_the_notice(self, declared, standing, clock):
        declared.METRIC_COLLECTION_CONSENT = "notice"
        assert standing().window is None
        disclose(now=clock())
        assert standing().window is not None

    def test_a_campaign_that_comes_later_is_announced_first(self, declared, clock):
        declared.METRIC_COLLECTION_CONSENT = "notice"
        disclose(now=clock())
        export = daily(title="Export")
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "export": export}
        found = windows.standings(Consent.objects.current(), now=clock())
        assert [name for name, each in found.items() if each.window] == ["search"]
        assert "Export" in names_to_tell(Consent.objects.get()).values()

    def test_no_window_opens_after_the_campaign(self, standing, clock):
        clock.set("2027-06-01")
        assert standing().window is None
        assert state(standing(), clock()) is ConsentState.UNCONFIGURED


class TestDecisions:
    def test_a_no_deletes_what_this_campaign_has_not_sent(self, declared, clock):
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "export": daily(title="Export")}
        for campaign_id in ("search", "export"):
            enqueue(b"{}", category="Usage", campaign_id=campaign_id, now=clock())
            row = Measurement.of(EVENT, digest=campaign_id)
            row.campaign_id = campaign_id
            row.save()
        windows.decide("search", DENIED, now=clock())
        assert Report.objects.get().campaign_id == "export"
        assert Measurement.objects.get().campaign_id == "export"

    def test_nothing_leaves_of_a_campaign_that_is_declined_during_a_delivery(self, clock):
        class Declining(RecordingTransport):
            def post(self, *args, **options):
                windows.decide("search", DENIED, now=clock())
                return super().post(*args, **options)

        transport = Declining()
        for campaign_id in ("export", "search"):
            body = json.dumps({"idsite": 5, "events": []}).encode()
            enqueue(body, category="Usage", campaign_id=campaign_id, now=clock())
        tried = Delivery(transport=transport, clock=clock).deliver()
        assert [report.campaign_id for report in tried] == ["export"]
        assert len(transport.sent) == 1
        assert Report.objects.get().campaign_id == "export"

    def test_a_no_closes_the_window_and_the_choice_before_is_returned(self, standing, clock):
        assert windows.decide("search", DENIED, now=clock()) == UNKNOWN
        assert state(standing(), clock()) is ConsentState.DENIED
        assert standing().window is None
        assert windows.decide("search", GRANTED, now=clock()) == DENIED

    def test_a_second_no_keeps_the_time_of_the_first(self, clock):
        windows.decide("search", DENIED, now=clock())
        first = CampaignConsent.objects.get().start
        clock.advance(days=1)
        windows.decide("search", DENIED, now=clock())
        assert CampaignConsent.objects.get().start == first

    def test_a_second_yes_opens_a_new_window(self, standing, clock):
        windows.decide("search", GRANTED, now=clock())
        clock.advance(days=20)
        windows.decide("search", GRANTED, now=clock())
        assert standing().window.start == TODAY + 20 * DAY

    def test_a_yes_before_the_campaign_begins_is_for_its_first_window(self, standing, clock):
        clock.set("2025-12-24")
        windows.decide("search", GRANTED, now=clock())
        assert state(standing(), clock()) is ConsentState.NOT_STARTED
        clock.set("2026-01-05")
        assert state(standing(), clock()) is ConsentState.GRANTED

    def test_a_yes_for_which_no_window_is_left_keeps_the_one_that_is_open(
        self, declared, standing, clock
    ):
        weekly = daily(
            aggregationPeriodLength=7, strengthenAnonymity=True, end="2026-03-12T00:00:00Z"
        )
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": weekly}
        clock.set("2026-02-24")
        windows.decide("search", GRANTED, now=clock())
        opened = standing().window
        clock.set("2026-03-10")
        windows.decide("search", GRANTED, now=clock())
        assert standing().window == opened

    def test_a_campaign_that_is_not_declared_is_a_key_error(self, clock):
        with pytest.raises(KeyError):
            windows.decide("nowhere", GRANTED, now=clock())

    def test_what_was_counted_before_a_decision_is_not_covered_by_it(self, standing, clock):
        before = clock()
        clock.advance(60)
        windows.decide("search", DENIED, now=clock())
        windows.decide("search", GRANTED, now=clock())
        assert not standing().allows(EVENT, begun=before, now=clock())
        assert standing().allows(EVENT, begun=clock(), now=clock())


class TestLock:
    def test_each_campaign_has_its_own_say_while_the_main_switch_is_on(self):
        assert windows.lock(Consent.objects.current()) is None

    def test_a_no_to_everything_locks_all_campaigns(self, clock):
        choose(DENIED, now=clock())
        assert windows.lock(Consent.objects.current()).rule is Rule.DENIED

    def test_so_does_what_no_switch_overrides(self, declared, clock):
        choose(GRANTED, now=clock())
        declared.METRIC_COLLECTION = False
        assert windows.lock(Consent.objects.current()).rule is Rule.SETTING


def test_only_whole_periods_within_the_window_are_covered(standing, clock):
    windows.save([standing()])
    later = {"period_start": TODAY + 10 * DAY, "period_end": TODAY + 11 * DAY}
    assert standing().allows(EVENT, begun=clock(), now=clock())
    outside = Event(category="Search", action="Open", campaign_id="search", **later)
    assert not standing().allows(outside, begun=clock(), now=clock())


def test_what_the_main_switch_deletes_includes_all_measurements(clock):
    Measurement.of(EVENT).save()
    choose(DENIED, now=clock())
    assert not Measurement.objects.exists()


def test_discarding_leaves_what_was_delivered(clock):
    with held():
        report = enqueue(json.dumps({}).encode(), category="Usage", campaign_id="a", now=clock())
    report.settle(Report.State.DELIVERED, status=204, outcome="accepted", now=clock())
    discard_campaign("a")
    assert Report.objects.exists()


def test_rows_have_a_readable_form(standing):
    windows.save([standing()])
    assert str(CampaignConsent.objects.get()) == "search: unknown"
    assert str(Measurement.of(EVENT)) == 'search ["event", "Search", "Open", null]: 1'
