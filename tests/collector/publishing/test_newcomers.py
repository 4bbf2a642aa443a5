"""A text is named in public only after staff have seen it for a week."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone

import pytest

from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.models import Publication, Span
from metric_collection.collector.publishing import publications
from metric_collection.collector.publishing.newcomers import newcomers
from tests.collector.reports import report
from tests.collector.rows import fact

pytestmark = pytest.mark.django_db
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MONDAY = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)


class Collector:
    """A public site, and the days that pass for it."""

    def __init__(self, put, site):
        site.is_public = True
        site.save()
        fact(site, "os_version", "text", 0, is_public=True)
        self._put = put
        self.now = MONDAY

    def count(self, text, *, number, at):
        for _ in range(number):
            self._put(report(at=at, facts={"os_version": text}), at=self.now)
        rollup.roll_up(lambda: self.now)

    def pass_until(self, end):
        """Settle and publish every day at noon; a fleet of 20 reports on Mondays."""
        while self.now < end:
            if self.now.weekday() == 0:
                self.count("Debian", number=20, at=self.now)
            self.now += DAY
            settling.settle(self.now.date())
            publications.publish(self.now)

    def newcomers(self):
        return {newcomer.value.text for newcomer in newcomers(self.now.date())}


@pytest.fixture
def collector(put, site):
    return Collector(put, site)


def named(start):
    body = json.loads(Publication.objects.get(span=Span.WEEK, start=start.date()).body)
    return set(body["facts"].get("os_version", {"values": {}})["values"])


def test_a_text_is_named_in_its_second_week_and_staff_see_it_the_week_before(collector):
    collector.pass_until(MONDAY + WEEK + 3 * DAY)
    assert (named(MONDAY), collector.newcomers()) == (set(), {"Debian"})
    collector.pass_until(MONDAY + 2 * WEEK + 2 * DAY)
    assert collector.newcomers() == {"Debian"}
    collector.pass_until(MONDAY + 2 * WEEK + 3 * DAY)
    assert (named(MONDAY + WEEK), collector.newcomers()) == ({"Debian"}, set())


def test_a_text_that_is_backdated_into_two_weeks_at_once_is_not_named(collector):
    collector.pass_until(MONDAY + 2 * WEEK + 2 * DAY)
    for week in (MONDAY, MONDAY + WEEK):
        collector.count("forged", number=10, at=week + 6 * DAY)
    collector.pass_until(MONDAY + 2 * WEEK + 3 * DAY)
    assert named(MONDAY + WEEK) == {"Debian"}
    assert collector.newcomers() == {"forged"}
    collector.count("forged", number=10, at=collector.now)
    collector.pass_until(MONDAY + 3 * WEEK + 2 * DAY)
    assert collector.newcomers() == {"forged"}
    collector.pass_until(MONDAY + 3 * WEEK + 3 * DAY)
    assert named(MONDAY + 2 * WEEK) == {"Debian", "forged"}


def test_a_text_that_is_backdated_into_weeks_without_reports_is_not_named(collector):
    collector.pass_until(MONDAY + 3 * WEEK)
    for week in (MONDAY - 3 * WEEK, MONDAY - 2 * WEEK):
        collector.count("forged", number=10, at=week)
    collector.pass_until(MONDAY + 3 * WEEK + DAY)
    assert named(MONDAY - 2 * WEEK) == set()
    assert collector.newcomers() == {"forged"}


def test_a_text_that_reaches_the_minimum_by_late_reports_waits_for_another_week(collector):
    collector.pass_until(MONDAY + WEEK + 4 * DAY)
    collector.count("late", number=10, at=MONDAY)
    collector.count("late", number=10, at=MONDAY + WEEK)
    collector.pass_until(MONDAY + 2 * WEEK + 3 * DAY)
    assert named(MONDAY + WEEK) == {"Debian"}


def test_a_text_that_has_not_been_seen_for_a_while_is_shown_to_staff_again(collector):
    collector.count("rare", number=10, at=MONDAY)
    collector.pass_until(MONDAY + 4 * WEEK)
    assert collector.newcomers() == set()
    collector.count("rare", number=10, at=collector.now)
    collector.pass_until(MONDAY + 5 * WEEK + 3 * DAY)
    assert collector.newcomers() == {"rare"}


def test_a_clock_that_was_years_ahead_delays_no_text_for_years(collector):
    collector.count("Debian", number=20, at=MONDAY)
    settling.settle(date(2036, 1, 1))
    collector.pass_until(MONDAY + 3 * WEEK + 3 * DAY)
    assert named(MONDAY + 2 * WEEK) == {"Debian"}
