from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metric_collection.consent.choice import choose
from metric_collection.consent.rules import Rule
from metric_collection.models import Change, Consent, Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.system_info import page as pages
from metric_collection.system_info.campaigns import FEW
from metric_collection.system_info.notice import open_notice
from metric_collection.system_info.page import page
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def current(*, now=NOON, started_at=NOON - DAY):
    consent = Consent.objects.current()
    notice = open_notice(consent, now=now)
    return page(consent, now=now, started_at=started_at, notice=notice)


def delivered(**values):
    return Report.objects.create(
        **{
            "category": "Heartbeat",
            "body": "{}",
            "sealed_at": NOON,
            "state": Report.State.DELIVERED,
            "outcome": "accepted",
            "attempts": 1,
            "attempted_at": NOON,
            "settled_at": NOON,
            **values,
        }
    )


@pytest.fixture
def installed():
    """An installation whose workers have swept a minute ago."""
    return Snapshot.objects.create(
        facts={}, installed_at=NOON - DAY, heartbeat_due=NOON + DAY / 2, swept_at=NOON
    )


class TestSwitch:
    def test_it_is_on_before_anybody_has_decided(self):
        summary = current().summary
        assert (summary.is_on, bool(summary.notice), summary.is_overruled) == (True, True, False)
        assert summary.decision == "On by default."

    def test_it_is_off_in_opt_in_mode(self, settings):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        assert not current().summary.is_on
        assert current().summary.decision == "Off by default."

    def test_it_is_off_until_the_notice_has_been_seen(self, settings):
        settings.METRIC_COLLECTION_CONSENT = "notice"
        assert not current().summary.is_on
        assert current().summary.decision == "Off by default."

    def test_a_decision_ends_the_question_and_has_a_date(self):
        choose(Consent.Choice.DENIED, now=NOON)
        summary = current().summary
        assert (summary.is_on, summary.notice) == (False, None)
        assert summary.decision == "Decided on March 1, 2026."

    def test_an_adopted_no_has_no_date_and_is_no_default(self):
        Consent.objects.create(choice=Consent.Choice.DENIED)
        summary = current().summary
        assert summary.sentence == "Off, because a superuser has declined."
        assert summary.decision == ""

    def test_a_yes_that_has_expired_is_no_decision(self, settings):
        settings.METRIC_COLLECTION_CONSENT_EXPIRES = DAY
        choose(Consent.Choice.GRANTED, now=NOON)
        assert current(now=NOON + DAY).summary.decision == "On by default."

    def test_a_locked_switch_is_off_whatever_was_chosen(self, settings):
        choose(Consent.Choice.GRANTED, now=NOON)
        settings.METRIC_COLLECTION = False
        summary = current().summary
        assert (summary.is_on, summary.notice, summary.is_overruled) == (False, None, False)
        assert summary.decision == "The switch is locked."

    def test_debug_overrules_the_switch_and_leaves_its_position(self, settings):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        settings.DEBUG = True
        summary = current().summary
        assert summary.ruling.rule is Rule.DEBUG
        assert (summary.is_on, summary.is_overruled) == (True, True)

    def test_the_last_event_is_announced_only_if_it_would_be_sent(self, settings):
        settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
        assert current().summary.announces_opt_out
        choose(Consent.Choice.DENIED, now=NOON)
        assert not current().summary.announces_opt_out


class TestDelivery:
    def test_the_recipient_is_named_without_credentials(self, settings):
        url = "https://me:secret@metrics.example.org/cleaninsights.php"
        settings.METRIC_COLLECTION_COLLECTOR_URL = url
        assert current().summary.collector == "metrics.example.org"
        del settings.METRIC_COLLECTION_COLLECTOR_URL
        assert current().summary.collector == ""

    def test_a_good_state_is_a_sentence_and_no_alert(self, installed):
        delivered()
        summary = current().summary
        assert summary.sentence.startswith("The last report was delivered on March 1, 2026")
        assert summary.alerts == []
        assert summary.last.state == "accepted"

    def test_the_next_report_is_dated(self, installed):
        assert current().summary.next == NOON + DAY / 2

    def test_an_outage_is_an_alert_with_the_queue(self, installed):
        Report.objects.create(
            category="Heartbeat",
            body="{}",
            sealed_at=NOON,
            attempts=1,
            attempted_at=NOON,
            failed_at=NOON,
            outcome="no-connection",
            wait_until=NOON + DAY,
        )
        summary = current().summary
        assert summary.sentence == ""
        (alert,) = summary.alerts
        assert alert.startswith("Not delivered since March 1, 2026")
        assert "Queued reports: 1." in alert
        assert alert.endswith("Run manage.py metric_collection doctor to find the cause.")

    def test_while_off_the_sentence_is_the_reason(self, settings):
        settings.METRIC_COLLECTION = False
        assert current().summary.sentence == current().summary.ruling.sentence

    def test_a_report_sent_by_another_process_in_spite_of_the_lock_is_an_alert(self, settings):
        delivered()
        assert current().summary.alerts == []
        settings.METRIC_COLLECTION = False
        assert current(started_at=NOON).summary.alerts == []
        (alert,) = current(started_at=NOON - DAY).summary.alerts
        assert alert.startswith("Another process sent a report on March 1, 2026")


def test_the_list_shows_the_values_of_the_next_report(installed):
    shown = current()
    groups = [fact for group in shown.groups for fact in group.facts]
    listed = {each.fact.name: each.value for each in groups if each.value}
    events = json.loads(shown.next_report.body)["events"]
    assert listed == {event["action"]: event["name"] for event in events}
    assert listed["first_report_of"] == "day week month"


def test_the_next_report_is_shown_exactly():
    shown = current().next_report
    category, body = Collection().preview()
    assert (shown.category, shown.body) == (category, body)
    assert shown.text.replace("\n", "").encode() == body
    assert shown.text.startswith('{"idsite":5,"events":[\n{"category":"Install",')


@pytest.mark.parametrize("use_tz", [True, False])
def test_moments_are_in_the_operators_time_zone(use_tz, settings, installed):
    settings.USE_TZ = use_tz
    settings.TIME_ZONE = "Asia/Kolkata"
    delivered()
    Change.objects.create(category="Install", recorded_at=NOON, changes={})
    shown = current()
    assert f"{shown.reports.entries[0].moment:%H:%M}" == "18:00"
    assert f"{shown.history.steps[0].moment:%H:%M}" == "18:00"
    assert f"{shown.summary.next:%H:%M}" == "06:00"
    assert shown.zone == "Asia/Kolkata"


def test_the_history_is_newest_first_and_its_gist_counts_upgrades():
    def change(category, moment):
        Change.objects.create(category=category, recorded_at=moment, changes={"Acme": [None, "1"]})
        return current().history.gist

    assert change("Install", NOON) == "no upgrades yet"
    assert change("Upgrade", NOON + DAY) == "1 upgrade, on March 2, 2026"
    assert change("Upgrade", NOON + 2 * DAY) == "2 upgrades, the last on March 3, 2026"
    assert [step.change.category for step in current().history.steps] == [
        "Upgrade",
        "Upgrade",
        "Install",
    ]


def test_the_page_opens_the_campaigns_that_ask(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {}
    assert current().campaigns is None
    choose(Consent.Choice.GRANTED, now=NOON)
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "export": daily()}
    campaigns = current().campaigns
    assert (campaigns.gist, bool(campaigns.asking)) == ("2 campaigns, 2 counting", False)
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    campaigns = current().campaigns
    assert (campaigns.gist, bool(campaigns.asking)) == ("2 campaigns, 0 counting", True)


def test_many_campaigns_have_a_page_of_their_own_but_for_those_that_ask(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {
        f"campaign {n}": daily(title=f"campaign {n}") for n in range(FEW + 1)
    }
    campaigns = current().campaigns
    assert (campaigns.listed, len(campaigns.campaigns)) == ([], FEW + 1)
    choose(Consent.Choice.GRANTED, now=NOON)
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    Consent.objects.update(disclosed=["campaign\tcampaign 1"])
    campaigns = current().campaigns
    assert [each.number for each in campaigns.listed] == [1, *range(3, FEW + 2)]


def test_the_queries_do_not_grow(settings, installed):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            pages.page(consent, now=NOON, started_at=NOON)
        # Django logs no savepoint outside of a transaction, which every test is in.
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    consent = Consent.objects.current()
    delivered()
    few = queries()
    settings.METRIC_COLLECTION_FACTS = {f"Fact {number}": "x" for number in range(100)}
    Report.objects.bulk_create(
        Report(
            key=uuid.uuid4(),
            category="Heartbeat",
            body="{}",
            sealed_at=NOON,
            settled_at=None if number % 2 else NOON,
            state=Report.State.QUEUED if number % 2 else Report.State.DELIVERED,
        )
        for number in range(180)
    )
    assert queries() == few + 1 == 6  # the head of a queue that is longer than the list
    settings.METRIC_COLLECTION_CAMPAIGNS = {f"campaign {number}": daily() for number in range(20)}
    assert queries() == few + 2  # the counts of so many are on a page of their own
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    assert queries() == few + 3
