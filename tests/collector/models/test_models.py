from __future__ import annotations

import pytest

from metric_collection.collector.models import (
    Alarm,
    Arrival,
    Cell,
    Fact,
    Forwarding,
    Hour,
    Import,
    Lateness,
    Pair,
    Period,
    Publication,
    Receipt,
    Refusal,
    Site,
    Spread,
    Usage,
    UsageName,
    Value,
    Work,
    digest,
)
from tests.collector.reports import NOON

DAY = NOON.date()
ROWS = [
    (Site(id=5, name="Acme"), "Acme"),
    (Arrival(site_id=5, body=b"", received_at=NOON), "5, 2026-03-04"),
    (Receipt(key=digest(1), until=DAY), str(digest(1))),
    (Fact(name="os_version"), "os_version"),
    (Value(text="Alpine"), "Alpine"),
    (Value(text="", role="rare"), "(rare)"),
    (Period(span="D", start=DAY), "day 2026-03-04"),
    (Cell(fact_id=1, value_id=2, span="D", start=DAY, n=3), "1, D 2026-03-04, 2: 3"),
    (Pair(start=DAY, value_id=1, by_id=2, n=3), "2026-03-04, 1 by 2: 3"),
    (UsageName(category="music", action="play", name=""), "music / play / "),
    (UsageName(category="music", action="play", has_name=False), "music / play"),
    (
        Usage(
            usage_name_id=1,
            start=DAY,
            days=7,
            installations=3,
            times=4,
            value_sum=0,
            weighted_sum=0,
        ),
        "1, 7 days from 2026-03-04: 3",
    ),
    (Spread(bucket=5, installations=2), "5: 2"),
    (Publication(span="D", start=DAY), "day 2026-03-04"),
    (Refusal(day=DAY, site_id=0, reason="rate", n=1), "2026-03-04, 0, rate: 1"),
    (Hour(start=NOON, n=4), "2026-03-04 12:00: 4"),
    (Lateness(day=DAY, site_id=5, days=2, n=1), "2026-03-04, 2 days: 1"),
    (Import(at=NOON), "2026-03-04 12:00"),
    (Work(name="roll-up", outcome="done"), "roll-up: done"),
    (Alarm(code="roll-up", since=NOON), "roll-up: 2026-03-04 12:00"),
    (Forwarding(site_id=5, failures=3, failed_at=NOON), "5: 3"),
]


@pytest.mark.parametrize(("row", "text"), ROWS, ids=lambda each: type(each).__name__)
def test_a_row_is_shown_by_what_tells_it_from_others(row, text):
    assert str(row) == text


def test_a_digest_is_a_uuid_that_every_database_takes():
    found = digest("a", 1, None)
    assert (found.version, found.variant) == (5, "specified in RFC 4122")
    assert found == digest("a", 1, None)
    assert digest("a", "1", None) != found != digest("a", 1, "")


@pytest.mark.django_db
def test_only_public_sites_are_public(site):
    assert not Site.objects.public().exists()
    site.is_public = True
    site.save()
    assert Site.objects.public().get() == site


@pytest.mark.django_db
def test_the_numbers_of_a_period_are_exact_if_all_reports_have_the_flag(site):
    period = Period(site=site, heartbeats=2, upgrades=1, installs=1, flagged=4)
    assert period.is_exact
    period.flagged = 3
    assert not period.is_exact
