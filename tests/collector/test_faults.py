"""What may go wrong around a collector, and what it costs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory

from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.door.views import Door
from metric_collection.collector.models import Cell, Period, Publication, Span
from tests.collector.reports import FIRST, NOON, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@contextmanager
def full_disk():
    """Let SQLite's file not grow by a page."""
    with connection.cursor() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        before = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {before}")


def posted(body):
    return RequestFactory().post("/", body, "application/json", REMOTE_ADDR="192.0.2.1")


@pytest.mark.django_db(transaction=True)
def test_on_a_full_disk_reports_are_put_off_and_nothing_is_counted_twice(put, site, clock):
    door = Door(clock=clock)
    for _ in range(20):
        put(report(facts={"edition": "x" * 250}))
    with full_disk():
        assert door(posted(report(facts={"os": "y" * 60_000}))).status_code == 503
        with pytest.raises(OperationalError, match="full"):
            Cell.objects.bulk_create(
                Cell(fact_id=1, value_id=n, span="D", start=NOON.date(), n=1) for n in range(5000)
            )
    assert door(posted(report())).status_code == 204
    assert rollup.roll_up(lambda: NOON) == 21
    assert Period.objects.get(span=Span.DAY).installations == 21


def test_a_month_offline_is_counted_day_by_day_and_leaves_publications_alone(put, site):
    days = [NOON - n * DAY for n in range(30, 0, -1)]
    Publication.objects.create(
        site=site, span=Span.DAY, start=days[0].date(), body="{}", sha256="0", published_at=NOON
    )
    for at in days:
        put(report(at=at, first=FIRST if at.day == 1 else "day"))
    rollup.roll_up(lambda: NOON)
    settling.settle(NOON.date())
    found = Period.objects.filter(span=Span.DAY, installations=1)
    assert sorted(found.values_list("start", flat=True)) == [at.date() for at in days]
    assert Publication.objects.get().body == "{}"


@pytest.mark.parametrize("year", [1970, 2036])
def test_a_queue_that_was_sealed_under_a_wrong_clock_counts_nothing(put, year):
    for minute in range(60):
        put(report(at=NOON.replace(year=year) + timedelta(minutes=minute)))
    rollup.roll_up(lambda: NOON)
    period = Period.objects.get()
    assert (period.skewed, period.installations) == (60, 0)


def test_a_roll_up_that_stood_still_for_days_counts_each_report_in_its_day(put):
    for days in range(4):
        put(report(at=NOON + days * DAY), at=NOON + days * DAY)
    rollup.roll_up(lambda: NOON + 6 * DAY)
    found = Period.objects.filter(span=Span.DAY, installations=1)
    assert found.count() == 4
    assert not Period.objects.filter(late__gt=0).exists(), "late is what came late"


def test_a_container_in_a_crash_loop_is_one_installation(put):
    put(report())
    for _ in range(261):
        put(report("Upgrade", first="nothing"))
        put(report("Install", first="nothing"))
    rollup.roll_up(lambda: NOON)
    assert Period.objects.get(span=Span.DAY).installations == 1


def test_invented_values_cost_a_bounded_number_of_rows(put, settings):
    settings.METRIC_COLLECTOR_VALUES_PER_DAY = 50
    for number in range(40):
        put(report(facts={f"fact {fact}": f"{number} {fact}" for fact in range(60)}))
    rollup.roll_up(lambda: NOON)
    assert Cell.objects.filter(span=Span.DAY).count() <= 20 * 51


def test_a_week_whose_first_day_was_lost_is_no_smaller_than_its_largest_day(put):
    monday = NOON - 2 * DAY
    put(report(at=monday))
    for _ in range(9):
        put(report(at=NOON, first="day"))  # their reports of Monday were lost
    rollup.roll_up(lambda: NOON)
    settling.settle(NOON.date() + 4 * DAY)
    assert Period.objects.get(span=Span.WEEK).active == 9
