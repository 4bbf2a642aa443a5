from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest

from metric_collection.collector.demo import Fleet
from metric_collection.collector.door.views import Door
from metric_collection.collector.models import Arrival, Fact, Period, Span, Usage
from tests.collector.reports import NOON, report

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def days(site):
    return list(Fleet(site=site, installations=12, days=12, now=NOON).live())


def test_a_fleet_is_counted_day_by_day_until_today(days):
    assert (days[0], days[-1]) == (date(2026, 2, 20), NOON.date())
    assert not Arrival.objects.exists()
    found = Period.objects.filter(span=Span.DAY).order_by("start")
    assert [period.start for period in found if period.installations] == days
    assert all(period.installations <= 12 for period in found)
    assert {period.start for period in found if period.state == "settled"} == {
        day for day in days if day < NOON.date() - timedelta(days=3)
    }


def test_a_fleet_is_never_late_or_skewed_and_states_the_flag(days):
    for period in Period.objects.all():
        assert (period.late, period.skewed, period.is_exact) == (0, 0, True)


def test_a_fleet_has_a_dictionary_and_usage(days):
    assert Fact.objects.reported().filter(is_declared=True, is_public=True).count() == 7
    assert not Fact.objects.reported().filter(is_declared=False).exists()
    assert Usage.objects.exists()


def test_a_fleet_is_the_same_each_time(days, site):
    before = list(Period.objects.values_list("span", "start", "installations"))
    site.periods.all().delete()
    list(Fleet(site=site, installations=12, days=12, now=NOON).live())
    assert list(Period.objects.values_list("span", "start", "installations")) == before


def test_a_fleet_leaves_the_reports_of_others_to_be_counted_by_todays_clock(site):
    for site_id in (5, 7):
        Arrival.objects.create(site_id=site_id, body=report(site=site_id), received_at=LATER)
    list(Fleet(site=site, installations=3, days=3, now=NOON).live())
    assert sorted(Arrival.objects.values_list("site_id", flat=True)) == [5, 7]


def test_a_door_that_refuses_ends_the_simulation(site, settings):
    settings.METRIC_COLLECTOR_MAX_EVENTS = 1
    with pytest.raises(
        RuntimeError, match="The door answered 400: b'events: 8, expected at most 1"
    ):
        list(Fleet(site=site, installations=3, days=3, now=NOON).live())


def test_a_fleet_whose_days_take_long_to_simulate_is_not_put_off(site, monkeypatch):
    """The door remembers the inbox for ten seconds, in which a large fleet lives less than a day."""
    ticks = count(0, 11)
    monkeypatch.setitem(Door.__init__.__kwdefaults__, "timer", lambda: next(ticks))
    assert len(list(Fleet(site=site, installations=6, days=3, now=NOON).live())) == 4
