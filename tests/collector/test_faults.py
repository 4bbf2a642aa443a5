"""Faults around a collector, and their cost."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from metric_collection.collector.counting import forgetting, rollup, settling
from metric_collection.collector.door.posting import request_of
from metric_collection.collector.door.views import Door
from metric_collection.collector.models import Arrival, Cell, Period, Publication, Refusal, Span
from metric_collection.collector.publishing.publications import publish
from tests.collector.reports import FACTS, FIRST, NOON, body, event, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@contextmanager
def full_disk():
    """Let SQLite's file not grow by a page."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # other tests leave free pages
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        before = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA max_page_count = {before}")


def posted(body, *, key=""):
    return request_of(body, key=key, address="192.0.2.1")


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


def test_a_proxy_that_answers_504_after_the_commit_for_ten_days_makes_one_report(site, clock):
    for _ in range(10):
        for _ in range(3):
            Door(clock=clock)(posted(report(), key="same"))
        rollup.roll_up(clock)
        clock.advance(days=1)
        forgetting.forget(clock())
    period = Period.objects.get(span=Span.DAY, start=NOON.date())
    assert (period.heartbeats, period.installations) == (1, 1)


def test_clients_without_flags_are_counted_by_day_and_their_periods_are_not_exact(put):
    for _ in range(3):
        put(report(first=None))
        put(report("Upgrade", first=None))
    rollup.roll_up(lambda: NOON)
    day, week = (Period.objects.get(span=span) for span in (Span.DAY, Span.WEEK))
    assert (day.installations, day.is_exact) == (3, False)
    assert (week.installations, week.is_exact) == (0, False)
    settling.settle(NOON.date() + 9 * DAY)
    week.refresh_from_db()
    assert week.active == 3, "its largest day"


def test_a_release_that_reports_every_minute_is_limited_held_and_can_be_excluded(
    site, put, clock, settings
):
    site.is_public = True
    site.save()
    for week in range(1, 5):
        for _ in range(20):
            put(report(at=NOON - week * 7 * DAY), at=NOON - week * 7 * DAY)
    for _ in range(70):
        put(report())
    rollup.roll_up(clock)
    clock.advance(days=4)
    settling.settle(clock().date())
    publish(clock())
    assert Period.objects.get(span=Span.DAY, start=NOON.date()).state == Period.State.HELD
    settings.METRIC_COLLECTOR_NETWORK_DAILY = 100
    door, answers = Door(clock=clock), []
    for _ in range(200):
        answers.append(door(posted(report(at=clock()))).status_code)
        clock.advance(minutes=1)
    assert (answers.count(204), answers.count(429)) == (100, 100)
    site.excluded = [{"fact": "Acme Version", "pattern": FACTS["Acme Version"]}]
    site.save()
    rollup.roll_up(clock)
    assert Refusal.objects.get(reason="excluded").n == 100
    assert not Period.objects.filter(span=Span.DAY, start=clock().date(), heartbeats__gt=0)


@pytest.mark.parametrize(
    "hostile",
    [
        body(event("Heartbeat", "os", "a\x00b")),
        (
            b'{"idsite":5,"events":[{"category":"a","action":"\\ud800","times":1,'
            b'"period_start":1772625600,"period_end":1772625600}]}'
        ),
        body(event("a", "b", value=1e300)),
        body(event("a", "b", times=2**31)),
        body(event("a", "b", at=NOON.replace(year=2400))),
        body(*(event("Heartbeat", f"fact {n}", "x") for n in range(201))),
    ],
    ids=["NUL", "surrogate", "1e300", "times", "year 2400", "facts"],
)
def test_what_would_raise_in_a_database_is_refused_at_the_door(site, clock, hostile):
    assert Door(clock=clock)(posted(hostile)).status_code == 400
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_summer_time_changes_nothing_because_days_are_those_of_utc(put, settings, zone):
    settings.TIME_ZONE = zone
    moments = [NOON.replace(month=3, day=28, hour=23) + n * timedelta(hours=1) for n in range(49)]
    for at in moments:
        put(report(at=at), at=at)
    rollup.roll_up(lambda: moments[-1])
    days = Period.objects.filter(span=Span.DAY, installations__gt=0).order_by("start")
    assert [period.installations for period in days] == [1, 24, 24]
