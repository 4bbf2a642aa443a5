from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta, timezone

import pytest

from metric_collection.collector.counting.failures import SitesFailedError
from metric_collection.collector.models import (
    Cell,
    Fact,
    Period,
    Publication,
    Site,
    Span,
    Usage,
    Value,
)
from metric_collection.collector.publishing import publications
from metric_collection.collector.publishing.holding import reason_to_hold
from tests.collector.rows import NOW, grow

pytestmark = pytest.mark.django_db
WEEK = date(2026, 11, 16)
DAY = date(2026, 11, 22)


@pytest.fixture
def site():
    """A public site whose facts are public."""
    site = grow(days=70)
    site.is_public = True
    site.save()
    Fact.objects.filter(is_declared=True).update(is_public=True)
    return site


def body(span: str, start: date) -> dict:
    return json.loads(Publication.objects.get(span=span, start=start).body)


def test_a_week_is_published_as_format_1(site):
    publications.publish(NOW)
    assert body(Span.WEEK, WEEK) == {
        "format": 1,
        "product": "Acme",
        "span": "week",
        "first": "2026-11-16",
        "last": "2026-11-22",
        "published": "2026-11-26",
        "unit": "installations",
        "counted": "installations whose first report of that ISO week arrived within 3 days of its end",
        "exact": True,
        "minimum": 10,
        "unusual": None,
        "installations": 100,
        "upgraded": 30,
        "facts": {
            "Acme Version": {"kind": "version", "values": {"2.4": 70, "2.3": 30}},
            "os_version": {
                "kind": "text",
                "values": {
                    "Debian GNU/Linux 12 (bookworm)": 60,
                    "Ubuntu 24.04 LTS": 30,
                    "Alpine Linux v3.20": 10,
                },
            },
        },
        "pairs": {"os_version": {"2.4": {"Debian GNU/Linux 12 (bookworm)": 40}}},
    }


def test_a_day_has_the_version_alone_and_a_month_the_usage(site):
    Usage.objects.update(start=date(2026, 10, 5), is_folded=True)
    publications.publish(NOW)
    assert list(body(Span.DAY, DAY)["facts"]) == ["Acme Version"]
    assert "pairs" not in body(Span.DAY, DAY)
    assert body(Span.MONTH, date(2026, 10, 1))["usage"] == [
        {
            "category": "export",
            "action": "csv",
            "name": None,
            "start": "2026-10-05",
            "days": 7,
            "installations": 50,
            "median": 2,
            "buckets": {"2": 50},
        }
    ]


@pytest.mark.parametrize(
    ("start", "month"),
    [
        ("2026-09-22", "2026-10-01"),
        ("2026-09-21", "2026-09-01"),
        ("2026-10-22", "2026-10-01"),
        ("2026-10-23", None),
    ],
)
def test_usage_is_published_with_the_month_in_which_it_can_have_settled(site, start, month):
    Usage.objects.update(start=start, is_folded=True)
    site.periods.filter(span=Span.MONTH, start="2026-09-01").update(state=Period.State.SETTLED)
    publications.publish(NOW)
    months = [
        p.start.isoformat()
        for p in Publication.objects.filter(span=Span.MONTH)
        if json.loads(p.body)["usage"]
    ]
    assert months == ([month] if month else [])


def test_open_periods_and_private_sites_are_not_published(site):
    other = grow(site_id=6, name="Private", days=10)
    publications.publish(NOW)
    assert not Publication.objects.filter(site=other).exists()
    assert Publication.objects.filter(span=Span.DAY).latest("start").start == DAY
    assert Publication.objects.filter(span=Span.WEEK).latest("start").start == WEEK


def test_a_month_is_published_on_the_fifth(site):
    fourth, fifth = (datetime(2026, 11, day, 3, tzinfo=timezone.utc) for day in (4, 5))
    october = {"span": Span.MONTH, "start": date(2026, 10, 1)}
    publications.publish(fourth)
    assert not Publication.objects.filter(**october).exists()
    publications.publish(fifth)
    assert Publication.objects.filter(**october).exists()


def test_only_declared_public_facts_and_values_in_sight_are_published(site):
    Value.objects.filter(text__startswith="Alpine").update(is_hidden=True)
    publications.publish(NOW)
    values = body(Span.WEEK, WEEK)["facts"]["os_version"]["values"]
    assert list(values) == ["Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04 LTS"]
    Publication.objects.all().delete()
    site.periods.filter(state=Period.State.PUBLISHED).update(state=Period.State.SETTLED)
    Fact.objects.filter(name="os_version").update(is_declared=False)
    publications.publish(NOW)
    assert list(body(Span.WEEK, WEEK)["facts"]) == ["Acme Version"]


def test_what_is_published_is_frozen(site):
    assert publications.publish(NOW) > 60
    before = Publication.objects.get(span=Span.DAY, start=DAY)
    Cell.objects.all().delete()
    site.periods.update(installations=500)
    assert publications.publish(NOW) == 0
    after = Publication.objects.get(span=Span.DAY, start=DAY)
    assert before.body == after.body
    assert after.sha256 == hashlib.sha256(after.body.encode()).hexdigest()
    with pytest.raises(TypeError):
        after.save()


def test_a_period_with_too_few_installations_is_left_out(site):
    day = site.periods.filter(span=Span.DAY, start=DAY)
    day.update(installations=9)
    publications.publish(NOW)
    assert not Publication.objects.filter(span=Span.DAY, start=DAY).exists()
    assert day.get().state == Period.State.LEFT_OUT


@pytest.mark.parametrize(("installations", "times"), [(301, "3.0"), (49, "0.5")])
def test_an_unusual_day_is_held_for_a_week_and_then_published_and_marked(
    site, installations, times
):
    day = site.periods.filter(span=Span.DAY, start=DAY)
    day.update(installations=installations)
    publications.publish(NOW)
    assert day.get().state == Period.State.HELD
    publications.publish(NOW + timedelta(days=6))
    assert day.get().state == Period.State.HELD
    publications.publish(NOW + timedelta(days=7))
    assert day.get().state == Period.State.PUBLISHED
    assert body(Span.DAY, DAY)["unusual"] == f"{times} times the usual number of installations"


@pytest.mark.parametrize("installations", [50, 300])
def test_a_day_within_three_times_and_half_of_the_usual_number_is_published(site, installations):
    site.periods.filter(span=Span.DAY, start=DAY).update(installations=installations)
    publications.publish(NOW)
    assert body(Span.DAY, DAY)["unusual"] is None


@pytest.mark.parametrize(("installations", "is_held"), [(15_000, False), (15_001, True)])
def test_a_large_fleet_is_held_for_half_as_much_again_which_many_networks_could_forge(
    site, installations, is_held
):
    site.periods.update(installations=10_000)
    day = site.periods.filter(span=Span.DAY, start=DAY)
    day.update(installations=installations)
    publications.publish(NOW)
    assert (day.get().state == Period.State.HELD) is is_held


def test_a_text_value_that_jumps_holds_its_week_and_a_version_does_not(site):
    ubuntu = Value.objects.get(text__startswith="Ubuntu")
    Cell.objects.filter(value=ubuntu, span=Span.WEEK, start=WEEK).update(n=57)
    week = site.periods.get(span=Span.WEEK, start=WEEK)
    assert reason_to_hold(week).startswith(
        "a value of os_version has changed by more than a quarter"
    )
    Fact.objects.filter(name="os_version").update(kind="version")
    assert reason_to_hold(week) == ""


def test_the_reason_to_hold_a_week_fits_its_column_whatever_the_name_of_the_fact(site):
    name = "Number of things " * 15
    Fact.objects.filter(name="os_version").update(name=name)
    ubuntu = Value.objects.get(text__startswith="Ubuntu")
    Cell.objects.filter(value=ubuntu, span=Span.WEEK, start=WEEK).update(n=57)
    week = site.periods.get(span=Span.WEEK, start=WEEK)
    reason = reason_to_hold(week)
    assert len(reason) <= (Period._meta.get_field("note").max_length or 0)
    assert reason.startswith("a value of Number of things")
    assert reason.endswith("… has changed by more than a quarter of the installations")


def test_the_first_weeks_of_a_site_are_not_held(site):
    first = site.periods.filter(span=Span.WEEK).earliest("start")
    assert reason_to_hold(first) == ""


def test_staff_publish_a_held_period_or_leave_it_out(site):
    for start, publishes in ((DAY, True), (DAY - timedelta(days=1), False)):
        held = site.periods.get(span=Span.DAY, start=start)
        Period.objects.filter(pk=held.pk).update(state=Period.State.HELD, note="odd")
        held.refresh_from_db()
        assert publications.decide(held, publishes=publishes, note="", now=NOW) is True
        assert publications.decide(held, publishes=publishes, note="", now=NOW) is False
        held.refresh_from_db()
        assert held.state == (Period.State.PUBLISHED if publishes else Period.State.LEFT_OUT)
        assert held.note == "odd"
    assert body(Span.DAY, DAY)["unusual"] == "odd"


def test_two_processes_publish_a_period_once(site):
    period = site.periods.get(span=Span.DAY, start=DAY)
    assert publications.freeze(period, NOW) is True
    assert publications.freeze(period, NOW) is False
    assert Publication.objects.filter(span=Span.DAY, start=DAY).count() == 1


def test_the_product_fact_of_a_site_can_be_chosen(site):
    site.product_fact = "os_version"
    site.save()
    Fact.objects.filter(name="os_version").update(kind="version")
    Value.objects.filter(text__startswith="Ubuntu").update(text="24.4")
    publications.publish(NOW)
    facts = {"os_version": {"kind": "version", "values": {"24.4": 30}}}
    assert body(Span.DAY, DAY)["facts"] == facts


def test_a_site_that_becomes_public_publishes_its_past_and_marks_what_was_unusual(site):
    day = DAY - timedelta(days=20)
    site.periods.filter(span=Span.DAY, start=day).update(installations=400)
    publications.publish(NOW)
    assert body(Span.DAY, day)["unusual"] == "4.0 times the usual number of installations"


def test_a_site_that_cannot_be_published_keeps_no_other_from_it():
    site, other = grow(days=8), grow(site_id=6, name="Beta", days=8)
    Site.objects.update(is_public=True)
    Publication.objects.create(
        site=site, span=Span.DAY, start=DAY, body="{}", sha256="0", published_at=NOW
    )
    with pytest.raises(SitesFailedError, match=r"^site 5 \(IntegrityError\)$"):
        publications.publish(NOW)
    assert other.publications.filter(span=Span.DAY).count() == 4
    unpublished = Period.objects.filter(span=Span.DAY, state=Period.State.SETTLED)
    assert list(unpublished.values_list("site", "start")) == [(5, DAY)]
