from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.timezone import override

from metric_collection.consent.choice import choose
from metric_collection.consent.rules import Rule
from metric_collection.models import Change, Consent, Report
from metric_collection.probes import Fact, registry
from metric_collection.reporting.collection import Collection
from metric_collection.system_info import page as pages
from metric_collection.system_info.page import page
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)


class WeatherReport:
    facts = (
        Fact(name="Sky", description="The sky.", example="blue", purpose="To know it."),
        Fact(name="Wind", description="The wind.", example="no", purpose="To know it."),
    )

    def gather(self):
        return {"Sky": 'a & b <c> "é"', "Wind": None}


class Probe(WeatherReport):
    facts = WeatherReport.facts[:1]


@pytest.fixture
def weather(settings):
    settings.METRIC_COLLECTION_PROBES = [f"{__name__}.WeatherReport"]


def current():
    return page(Consent.objects.current(), now=NOON)


def report(**values):
    return Report.objects.create(
        **{"category": "Heartbeat", "body": "{}", "sealed_at": NOON, **values}
    )


def delivered(**values):
    return report(state=Report.State.DELIVERED, settled_at=NOON, **values)


def group(title):
    return next(group for group in current().groups if group.title == title)


def test_the_switch_stands_on_before_anybody_has_decided():
    switch = current().switch
    assert (switch.is_on, switch.is_open, switch.is_overruled) == (True, True, False)


def test_the_switch_stands_off_in_opt_in_mode(settings):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    assert not current().switch.is_on


def test_a_decision_closes_the_question_and_has_a_date(clock):
    choose(Consent.Choice.DENIED, now=clock())
    switch = current().switch
    assert (switch.is_on, switch.is_open, switch.decided_at) == (False, False, clock())


def test_a_locked_switch_stands_off_whatever_was_chosen(settings, clock):
    choose(Consent.Choice.GRANTED, now=clock())
    settings.METRIC_COLLECTION = False
    switch = current().switch
    assert (switch.is_on, switch.is_open, switch.is_overruled) == (False, False, False)


def test_debug_overrules_the_switch_and_leaves_it_where_it_stands(settings):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    settings.DEBUG = True
    switch = current().switch
    assert switch.ruling.rule is Rule.DEBUG
    assert (switch.is_on, switch.is_open, switch.is_overruled) == (True, True, True)


def test_the_last_event_is_announced_only_where_it_would_be_sent(settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    assert current().switch.announces_opt_out
    choose(Consent.Choice.DENIED, now=clock())
    assert not current().switch.announces_opt_out


def test_a_publisher_may_have_chosen_another_interval(settings):
    assert current().switch.is_daily
    settings.METRIC_COLLECTION_HEARTBEAT_INTERVAL = timedelta(hours=12)
    assert not current().switch.is_daily


def test_facts_are_grouped_by_probe_in_its_words(weather):
    sky, wind = group("Weather report").facts
    assert (sky.name, sky.text) == ("Sky", 'a & b <c> "é"')
    assert (wind.name, wind.text) == ("Wind", "")


def test_a_probe_may_be_called_just_that(settings):
    settings.METRIC_COLLECTION_PROBES = [f"{__name__}.Probe"]
    assert group("Probe").facts[0].name == "Sky"


def test_facts_that_nobody_was_told_of_are_marked(settings, weather, clock):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    Consent.objects.create(notice_shown_at=clock(), disclosed=["Sky"])
    assert [shared.is_held_back for shared in group("Weather report").facts] == [False, True]


def test_the_next_report_is_shown_to_the_byte(clock):
    shown = current().next_report
    category, body = Collection().preview()
    assert (shown.category, shown.body) == (category, body)
    assert json.loads(shown.text) == json.loads(body)
    assert shown.text.startswith('{\n  "idsite": 5,\n')


def test_without_heartbeats_there_is_no_report_a_day(settings):
    assert current().switch.is_daily
    settings.METRIC_COLLECTION_CATEGORIES = ["Install", "Upgrade"]
    assert not current().switch.is_daily


def test_the_next_report_names_its_hour_in_the_operators_time_zone(clock):
    Collection(clock=clock).record()
    with override("Asia/Kolkata"):
        moment = current().next_report.moment
    assert moment.tzname() == "IST"
    assert moment.minute == 30


def test_a_report_without_any_event_has_no_hour():
    assert pages.NextReport(category="Heartbeat", body=b'{"idsite":5}').moment is None


@pytest.mark.parametrize("use_tz", [True, False])
def test_moments_are_in_the_operators_time_zone(use_tz, settings):
    settings.USE_TZ = use_tz
    settings.TIME_ZONE = "Asia/Kolkata"
    delivered()
    Change.objects.create(category="Install", recorded_at=NOON, changes={})
    shown = current()
    assert f"{shown.record.entries[0].moment:%H:%M}" == "18:00"
    assert f"{shown.history[0].moment:%H:%M}" == "18:00"
    assert shown.zone == "Asia/Kolkata"


def test_the_record_has_what_left_newest_first_and_says_what_came_of_it():
    delivered(status=204, outcome="accepted")
    report(state=Report.State.GIVEN_UP, settled_at=NOON, status=400)
    report()
    assert [entry.outcome for entry in current().record.entries] == ["given up", "accepted"]


def test_the_record_leads_on_to_older_reports():
    keys = [delivered().pk for _ in range(5)]
    newest = pages.record(3)
    assert [entry.report.pk for entry in newest.entries] == keys[:1:-1]
    rest = pages.record(3, before=newest.older)
    assert [entry.report.pk for entry in rest.entries] == keys[1::-1]
    assert rest.older is None


def test_a_record_that_just_fits_leads_nowhere():
    delivered()
    assert pages.record(1).older is None


def test_sizes_are_bytes_and_long_bodies_are_only_linked_to():
    delivered(body="é" * 4096)
    assert current().record.entries[0].size == 8192
    assert current().record.entries[0].is_shown_in_place
    delivered(body="é" * 4097)
    assert not current().record.entries[0].is_shown_in_place


def test_the_queue_has_the_moment_of_the_next_attempt():
    report()
    report(wait_until=NOON + timedelta(hours=1))
    shown = current().queue
    assert [entry.moment for entry in shown] == [NOON, NOON + timedelta(hours=1)]
    assert shown[0].outcome == "queued"


def test_the_page_has_the_newest_of_the_record_and_the_oldest_of_the_queue():
    waiting, settled = [], []
    for _ in range(pages.LISTED + 2):
        waiting.append(report().pk)
        settled.append(delivered().pk)
    queue, record = pages.outbox()
    assert [entry.report.pk for entry in queue] == waiting[: pages.LISTED]
    assert [entry.report.pk for entry in record.entries] == settled[: -pages.RECENT - 1 : -1]
    assert record.older == settled[-pages.RECENT]


def test_a_record_that_fits_on_the_page_leads_nowhere():
    keys = [delivered().pk for _ in range(pages.RECENT)]
    queue, record = pages.outbox()
    assert (queue, record.older) == ([], None)
    assert [entry.report.pk for entry in record.entries] == keys[::-1]


def test_the_history_is_newest_first():
    for category in ("Install", "Upgrade"):
        Change.objects.create(category=category, recorded_at=NOON, changes={"Acme": [None, "1"]})
    assert [step.is_install for step in current().history] == [False, True]


def test_the_queries_do_not_grow(settings, clock):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            page(consent, now=NOON)
        # A savepoint is only there because this test is in a transaction.
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    consent = Consent.objects.current()
    few = queries()
    settings.METRIC_COLLECTION_FACTS = {f"Fact {number}": "x" for number in range(100)}
    Report.objects.bulk_create(
        Report(
            key=uuid.uuid4(),
            category="Heartbeat",
            body="{}",
            sealed_at=NOON,
            settled_at=NOON,
            state=Report.State.QUEUED if number % 2 else Report.State.DELIVERED,
        )
        for number in range(180)
    )
    assert queries() == few == 4
    settings.METRIC_COLLECTION_CAMPAIGNS = {f"campaign {number}": daily() for number in range(20)}
    assert queries() == few + 2


def test_the_page_shows_what_can_be_sent_and_nothing_else():
    shown = {shared.name for group in current().groups for shared in group.facts}
    assert shown == {fact.name for _probe, fact in registry.declared()}


def test_the_publishers_own_description_is_shown(settings):
    words = "The edition of the product: free or paid."
    settings.METRIC_COLLECTION_FACTS = {"edition": {"value": "free", "description": words}}
    (edition,) = group("Stated facts").facts
    assert edition.words[0] == words


def test_a_module_is_described_by_its_name_in_the_operators_language(settings):
    settings.METRIC_COLLECTION_LIBRARIES = ["Django"]
    with translation.override("de"):
        (library,) = group("Bibliotheken").facts
    assert "Django" in library.words[0]
