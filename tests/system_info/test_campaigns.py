from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import override

from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights import payload
from metric_collection.cleaninsights.datapoints import Event, Visit
from metric_collection.consent import campaigns as windows
from metric_collection.consent.choice import choose, disclose
from metric_collection.models import Consent
from metric_collection.models import measurement as measurements
from metric_collection.system_info.campaigns import SHOWN, Situation, bodies, next_body, usages
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED
TODAY = datetime(2026, 3, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
PERIOD = {"period_start": TODAY, "period_end": TODAY + DAY}


@pytest.fixture(autouse=True)
def declared(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    settings.TIME_ZONE = "UTC"
    return settings


@pytest.fixture
def search(clock):
    """Look at the campaign at the clock's time."""
    return lambda: usages(Consent.objects.current(), now=clock())[0]


def event(action="Open", *, campaign_id="search", day=0, **values):
    period = {"period_start": TODAY + day * DAY, "period_end": TODAY + (day + 1) * DAY}
    return Event(category="Search", action=action, campaign_id=campaign_id, **period, **values)


def count(*points):
    declared = campaigns()
    measurements.count([(declared[point.campaign_id].campaign, point) for point in points])


class TestSituations:
    def test_silence_is_a_yes_in_opt_out_mode_until_the_window_ends(self, search):
        assert search().sentence == "On by default. You will be asked again on March 11, 2026."
        assert (search().is_on, search().is_open, search().has_switch) == (True, True, True)

    def test_a_yes_has_an_end(self, search, clock):
        windows.decide("search", GRANTED, now=clock())
        assert search().sentence == "On. You will be asked again on March 11, 2026."
        assert (search().is_on, search().is_open) == (True, False)

    def test_the_day_is_that_of_the_operators_time_zone(self, search):
        with override("America/Chicago"):
            assert "asked again on March 10, 2026." in search().sentence

    def test_a_campaign_that_ends_with_its_window_says_so(self, declared, search):
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(end="2026-03-11T00:00:00Z")}
        assert search().sentence == "On by default. It ends on March 11, 2026."

    def test_a_no_stays_a_no(self, search, clock):
        windows.decide("search", DENIED, now=clock())
        assert search().sentence == "Off: a superuser has declined this campaign."
        assert (search().is_on, search().is_open) == (False, False)
        choose(DENIED, now=clock())
        assert search().situation is Situation.DECLINED

    def test_consent_that_has_run_out_can_be_given_again(self, search, clock):
        windows.decide("search", GRANTED, now=clock())
        clock.set("2026-03-12")
        assert search().sentence == "Off: consent expired on March 11, 2026."
        assert (search().is_on, search().is_open, search().has_switch) == (False, True, True)

    def test_opt_in_mode_asks_for_a_campaign_that_is_added_after_the_yes(
        self, declared, search, clock
    ):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        campaigns, declared.METRIC_COLLECTION_CAMPAIGNS = declared.METRIC_COLLECTION_CAMPAIGNS, {}
        choose(GRANTED, now=clock())
        declared.METRIC_COLLECTION_CAMPAIGNS = campaigns
        assert search().sentence == "Off until a superuser agrees to this campaign."
        assert (search().is_on, search().is_open) == (False, True)

    def test_notice_mode_counts_nothing_before_the_notice(self, declared, search, clock):
        declared.METRIC_COLLECTION_CONSENT = "notice"
        assert search().situation is Situation.UNANNOUNCED
        disclose(now=clock())
        assert search().situation is Situation.SILENT

    def test_a_campaign_that_comes_later_says_when(self, search, clock):
        clock.set("2025-12-24")
        assert search().sentence == "On, starts on Jan. 1, 2026."
        assert search().is_on
        windows.decide("search", GRANTED, now=clock())
        assert search().situation is Situation.COMING

    def test_a_campaign_that_is_over_has_nothing_left_to_decide(self, search, clock):
        clock.set("2027-02-01")
        assert search().sentence == search().note == "Ended on Jan. 1, 2027."
        assert not search().has_switch

    def test_a_campaign_too_short_for_a_whole_period_says_so(self, declared, search):
        few_days = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-05T00:00:00Z"}
        weekly = daily(aggregationPeriodLength=7, **few_days)
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": weekly}
        assert search().situation is Situation.FULL
        assert not search().has_switch

    @pytest.mark.parametrize("day", ["2025-12-24", "2026-03-01"])
    def test_a_yes_to_a_campaign_without_periods_does_not_switch_it_on(
        self, declared, search, clock, day
    ):
        clock.set(day)
        declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(numberOfPeriods=0)}
        windows.decide("search", GRANTED, now=clock())
        assert search().situation is Situation.FULL
        assert not search().is_on

    @pytest.mark.parametrize("is_locked", [True, False])
    def test_while_metrics_are_off_so_is_every_campaign(self, is_locked, declared, search, clock):
        windows.decide("search", GRANTED, now=clock())
        if is_locked:
            choose(DENIED, now=clock())
        else:
            declared.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
            declared.DEBUG = True
        assert search().sentence == "Off: usage metrics are off."
        assert search().is_locked is is_locked
        assert search().is_on is not is_locked


class TestTallies:
    def test_nothing_counted_is_nothing(self, search):
        assert (search().tally.lines, search().tally.kinds, search().tally.times) == ("", 0, 0)

    def test_counts_of_the_current_period_are_sorted_by_frequency(self, search):
        visit = Visit(path=("devices", "list"), campaign_id="search", times=7, **PERIOD)
        count(event(times=3, value=1.5), event("Run", name="devices"), visit, event(day=-1))
        assert search().tally.lines.splitlines() == [
            "devices/list: 7",
            "Search / Open: 3, value 1.5",
            "Search / Run / devices: 1",
        ]
        assert search().tally.times == 11

    @pytest.mark.parametrize(
        ("value", "written"), [(1771.0, "1771"), (12.7, "12.7"), (0.12345, "0.123"), (-2, "-2")]
    )
    def test_a_whole_number_has_no_fraction(self, value, written, search):
        count(event(value=value))
        assert search().tally.lines == f"Search / Open: 1, value {written}"

    def test_the_rarest_are_only_counted(self, search):
        count(*(event(str(number)) for number in range(SHOWN + 5)))
        tally = search().tally
        *shown, rest = tally.lines.splitlines()
        assert (len(shown), tally.kinds, rest) == (SHOWN, SHOWN + 5, "and 5 more")

    def test_texts_that_browsers_dislike_are_shown(self, search):
        count(event("\ud800"))
        assert search().tally.lines == "Search / \ufffd: 1"

    def test_each_campaign_has_its_own_and_all_take_two_queries(self, declared, clock):
        declared.METRIC_COLLECTION_CAMPAIGNS = {f"c{number}": daily() for number in range(20)}
        for number in range(20):
            count(*(event(str(kind), campaign_id=f"c{number}") for kind in range(number + 1)))
        consent = Consent.objects.current()
        with CaptureQueriesContext(connection) as queries:
            kinds = [usage.tally.kinds for usage in usages(consent, now=clock())]
        assert kinds == [*range(1, 21)]
        assert len(queries) == 2

    def test_without_campaigns_nothing_is_asked(self, declared, clock, django_assert_num_queries):
        declared.METRIC_COLLECTION_CAMPAIGNS = {}
        consent = Consent.objects.current()
        with django_assert_num_queries(0):
            assert usages(consent, now=clock()) == []


class TestBodies:
    def test_finished_periods_come_before_the_current_one(self, clock):
        count(event("Now"), event("Then", day=-2), event("Yesterday", day=-1))
        told = [payload.decode(body) for body in bodies("search", now=clock())]
        actions = [[each["action"] for each in body["events"]] for body in told]
        assert actions == [["Then", "Yesterday"], ["Now"]]

    def test_the_preview_matches_the_sealed_report(self, clock):
        count(event(times=2, value=1.0))
        (body,) = bodies("search", now=clock())
        assert json.loads(body) == {
            "idsite": 5,
            "events": [
                {
                    "category": "Search",
                    "action": "Open",
                    "value": 1,
                    "times": 2,
                    "period_start": 1772323200,
                    "period_end": 1772409600,
                }
            ],
        }

    def test_the_next_one_is_of_a_campaign_that_is_declared_and_has_counted(self, declared, clock):
        assert next_body("search", now=clock()) is None
        count(event())
        assert next_body("search", now=clock()) == next(bodies("search", now=clock()))
        declared.METRIC_COLLECTION_CAMPAIGNS = {}
        assert next_body("search", now=clock()) is None

    def test_without_a_site_there_is_nothing_to_send(self, declared, clock):
        count(event())
        del declared.METRIC_COLLECTION_SITE_ID
        assert list(bodies("search", now=clock())) == []
