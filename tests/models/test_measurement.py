from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metric_collection.cleaninsights.campaigns import Campaign
from metric_collection.cleaninsights.datapoints import Event, Visit
from metric_collection.models import CountedJournal, Measurement, measurement
from metric_collection.models.measurement import (
    CHUNK,
    MOST_SEALED,
    count,
    purge,
    take_finished,
    unsent,
)

pytestmark = pytest.mark.django_db
TODAY = datetime(2026, 3, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
SUM = Campaign(start=TODAY, end=TODAY + 30 * DAY, aggregation_period_length=1)
MEAN = Campaign(
    start=TODAY,
    end=TODAY + 30 * DAY,
    aggregation_period_length=1,
    event_aggregation_rule="avg",
)
OVER = TODAY + DAY + timedelta.resolution


def event(action="Open", **changes):
    period = {"campaign_id": "search", "period_start": TODAY, "period_end": TODAY + DAY}
    return Event(category="Search", action=action, **{**period, **changes})


def test_points_are_added_to_the_row_of_their_identity():
    visit = Visit(
        path=("a", "b"), campaign_id="search", period_start=TODAY, period_end=TODAY + DAY, times=4
    )
    count([(SUM, event(times=2)), (SUM, visit)])
    count([(SUM, event(times=3)), (SUM, event("Close"))])
    assert {row.identity: row.times for row in Measurement.objects.all()} == {
        '["event", "Search", "Open", null]': 5,
        '["event", "Search", "Close", null]': 1,
        '["visit", "a/b"]': 4,
    }


def test_values_are_aggregated_by_the_rule_of_the_campaign():
    count([(SUM, event("Sum", value=2.0)), (MEAN, event("Mean", value=2.0, times=3))])
    count([(SUM, event("Sum", value=4.0)), (MEAN, event("Mean", value=6.0))])
    assert {row.point.action: row.value for row in Measurement.objects.all()} == {
        "Sum": 6.0,
        "Mean": 3.0,
    }


def test_another_period_or_campaign_is_another_row():
    later = event(period_start=TODAY + DAY, period_end=TODAY + 2 * DAY)
    count([(SUM, event()), (SUM, later), (SUM, event(campaign_id="export"))])
    assert Measurement.objects.count() == 3


def test_many_points_take_few_statements():
    points = [(SUM, event(str(number))) for number in range(CHUNK + 1)]
    with CaptureQueriesContext(connection) as queries:
        count(points)
    assert len(queries) <= 8
    assert Measurement.objects.count() == CHUNK + 1


def test_strings_that_databases_reject_are_kept():
    count([(SUM, event("\x00\ud800é", name="x" * 300))])
    (point,) = take_finished("search", OVER)
    assert (point.action, point.name) == ("\x00\ud800é", "x" * 300)


def test_only_finished_periods_of_the_campaign_are_taken():
    later = event(period_start=TODAY + DAY, period_end=TODAY + 2 * DAY)
    count([(SUM, event()), (SUM, later), (SUM, event(campaign_id="export"))])
    assert take_finished("search", TODAY + DAY) == []
    assert take_finished("search", OVER) == [event()]
    assert take_finished("search", OVER) == []
    assert Measurement.objects.count() == 2


def more_than_a_report():
    """Points of two finished periods, one more than a report holds."""
    yield SUM, event(period_start=TODAY - DAY, period_end=TODAY)
    for number in range(MOST_SEALED):
        yield SUM, event(str(number % 1_000), **yesterdays(number // 1_000))


def yesterdays(number):
    return {"period_start": TODAY - number * DAY, "period_end": TODAY - number * DAY + DAY}


def test_no_more_points_are_taken_than_a_report_holds():
    count(more_than_a_report())
    assert len(take_finished("search", OVER)) == MOST_SEALED
    assert len(take_finished("search", OVER)) == 1


def test_unsent_points_are_listed_report_by_report_and_kept():
    later = event("Later", period_start=TODAY + DAY, period_end=TODAY + 2 * DAY)
    count([(SUM, later), *more_than_a_report()])
    for _ in range(2):
        assert [len(points) for points in unsent("search", OVER)] == [MOST_SEALED, 1, 1]
    assert list(unsent("search", OVER))[-1] == [later]


def test_old_measurements_and_journal_keys_are_deleted():
    count([(SUM, event())])
    CountedJournal.objects.create(key="a", counted_at=TODAY)
    CountedJournal.objects.create(key="b", counted_at=TODAY + 5 * DAY)
    purge(TODAY + 2 * DAY)
    assert not Measurement.objects.exists()
    assert str(CountedJournal.objects.get()) == "b"


class TestNames:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch):
        monkeypatch.setattr(measurement, "MOST_NAMES", 3)
        monkeypatch.setattr(measurement, "MOST_ROWS", 5)

    def counted(self):
        return {row.point.identity: row.times for row in Measurement.objects.all()}

    def test_further_names_of_a_campaign_and_period_count_as_other(self):
        count((SUM, event(name=str(number))) for number in range(6))
        count([(SUM, event(name="0")), (SUM, event(name="9"))])
        assert self.counted() == {
            ("Search", "Open", "0"): 2,
            ("Search", "Open", "1"): 1,
            ("Search", "Open", "2"): 1,
            ("Search", "Open", "other"): 4,
        }

    def test_other_periods_and_campaigns_have_names_of_their_own(self):
        later = {"period_start": TODAY + DAY, "period_end": TODAY + 2 * DAY}
        for changes in ({}, later, {"campaign_id": "export"}):
            count((SUM, event(name=str(number), **changes)) for number in range(3))
        assert Measurement.objects.count() == 9
        assert not Measurement.objects.filter(identity__contains="other").exists()

    def test_the_number_of_rows_is_limited(self):
        count((SUM, event(str(number), name="name")) for number in range(9))
        assert Measurement.objects.count() == 5

    def test_visits_are_limited_too(self):
        period = {"campaign_id": "search", "period_start": TODAY, "period_end": TODAY + DAY}
        count((SUM, Visit(path=(str(number),), **period)) for number in range(5))
        assert self.counted() == {"0": 1, "1": 1, "2": 1, "other": 2}

    def test_names_limited_in_a_process_share_the_row(self):
        count((SUM, event(name=str(number))) for number in range(4))
        count([(SUM, event(name="other", times=7))])
        assert self.counted()["Search", "Open", "other"] == 8
