from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import OperationalError, connection

from metric_collection.collector.counting import (
    catalog,
    failures,
    forgetting,
    rollup,
    settling,
)
from metric_collection.collector.models import (
    Arrival,
    Cell,
    Fact,
    Hour,
    Pair,
    Period,
    Receipt,
    Refusal,
    Site,
    Span,
    Spread,
    Usage,
    UsageName,
    Value,
)
from tests.collector.reports import FACTS, NOON, body, event, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOON.date()
MONDAY = date(2026, 3, 2)


@pytest.fixture
def counted(put):
    """Count bodies at a moment."""

    def count(*bodies, at=NOON):
        for each in bodies:
            put(each, at=at)
        rollup.roll_up(lambda: at)

    return count


def cells(fact, span=Span.DAY, start=TODAY):
    found = Cell.objects.filter(fact__name=fact, span=span, start=start).select_related("value")
    return {str(cell.value): cell.n for cell in found}


def editions(**numbers):
    return [report(facts={"edition": text}) for text, n in numbers.items() for _ in range(n)]


def test_a_day_settles_after_three_days_and_small_counts_become_rare(counted):
    counted(*editions(basic=3, pro=2, own=1))
    assert settling.settle(TODAY + 3 * DAY) == 0
    assert cells("edition") == {"basic": 3, "pro": 2, "own": 1}
    settling.settle(TODAY + 4 * DAY)
    assert cells("edition") == {"basic": 3, "(rare)": 3}
    assert Period.objects.get(span=Span.DAY).state == "settled"
    assert cells("edition", Span.MONTH, date(2026, 3, 1)) == {"basic": 3, "pro": 2, "own": 1}


def test_a_text_that_no_count_has_any_more_is_deleted(counted):
    counted(*editions(basic=3, host17=1))
    for days in (4, 9, 32):
        settling.settle(TODAY + days * DAY)
    texts = set(Value.objects.filter(role="named").values_list("text", flat=True))
    assert texts == {"basic"}


def test_rows_are_written_anew_in_the_order_of_fact_and_value(counted):
    counted(*editions(zeta=3), *editions(alpha=3))
    counted(*editions(zeta=1), *[report(facts={"os_version": "x"})] * 3)
    before = set(Cell.objects.filter(span=Span.DAY).values_list("pk", flat=True))
    settling.settle(TODAY + 4 * DAY)
    rows = list(Cell.objects.filter(span=Span.DAY).order_by("pk"))
    assert [(row.fact_id, row.value_id) for row in rows] == sorted(
        (row.fact_id, row.value_id) for row in rows
    )
    assert before.isdisjoint(row.pk for row in rows) or len(before) == len(rows)


def test_a_late_report_is_folded_again(counted):
    counted(*editions(basic=3, pro=1))
    settling.settle(TODAY + 4 * DAY)
    counted(report(facts={"edition": "late"}), at=NOON + 10 * DAY)
    settling.settle(TODAY + 11 * DAY)
    assert cells("edition") == {"basic": 3, "(rare)": 2}
    assert Period.objects.get(span=Span.DAY, start=TODAY).installations == 5


def test_settling_twice_changes_nothing(counted):
    counted(*editions(basic=3, pro=1))
    settling.settle(TODAY + 40 * DAY)
    before = list(Cell.objects.values())
    assert settling.settle(TODAY + 40 * DAY) == 0
    assert list(Cell.objects.values()) == before


def test_a_published_period_stays_published(counted):
    counted(*editions(basic=3))
    settling.settle(TODAY + 4 * DAY)
    Period.objects.filter(span=Span.DAY).update(state=Period.State.PUBLISHED)
    counted(*editions(basic=1), at=NOON + 5 * DAY)
    settling.settle(TODAY + 9 * DAY)
    assert Period.objects.get(span=Span.DAY, start=TODAY).state == "published"


def test_a_week_is_no_smaller_than_its_largest_day(counted):
    counted(*[report(first="day")] * 4, report())
    settling.settle(TODAY + 4 * DAY)
    week = Period.objects.get(span=Span.WEEK)
    assert (week.installations, week.active) == (1, 5)


def test_pairs_are_folded_by_value_and_then_by_version(counted, site):
    for name in ("Acme Version", "os_version"):
        key = catalog.digest_of(name, is_built_in=False)
        kind = "version" if name == "Acme Version" else "text"
        Fact.objects.create(site=site, name=name, digest=key, is_public=True, kind=kind)
    counted(
        *[report()] * 4,
        *[report(facts={**FACTS, "os_version": text}) for text in ("a", "b", "c")],
        *[report(facts={**FACTS, "Acme Version": "2.3"})] * 1,
    )
    settling.settle(MONDAY + 10 * DAY)
    pairs = {(str(p.value), str(p.by)): p.n for p in Pair.objects.select_related("value", "by")}
    assert pairs == {
        (FACTS["os_version"], "2.4.1"): 4,
        ("(rare)", "2.4.1"): 3,
        ("(rare)", "(rare)"): 1,
    }


def test_a_pair_whose_value_is_gone_is_dropped(counted, site):
    for name in ("Acme Version", "os_version"):
        key = catalog.digest_of(name, is_built_in=False)
        Fact.objects.create(site=site, name=name, digest=key, is_public=True)
    counted(*[report()] * 4, *[report(facts={**FACTS, "os_version": "gone"})] * 2)
    Value.objects.filter(text="gone").delete()
    settling.settle(MONDAY + 10 * DAY)
    assert [str(pair.value) for pair in Pair.objects.select_related("value")] == [
        FACTS["os_version"]
    ]


def test_a_site_that_cannot_be_settled_keeps_no_other_from_it(counted, put):
    Site.objects.create(id=6, name="Beta", slug="beta")
    put(report(site=6), site_id=6)
    counted(report())
    broken = Fact.objects.filter(site=5).first()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON usage_metrics_collector_cell"
            f" WHEN NEW.fact_id = {broken.pk} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    with pytest.raises(failures.SitesFailedError, match=r"^site 5 \(IntegrityError\)$"):
        settling.settle(TODAY + 40 * DAY)
    assert set(Period.objects.filter(is_folded=False).values_list("site", flat=True)) == {5}


def test_settling_stops_when_the_database_is_away(counted):
    counted(report())

    def fail(execute, sql, *arguments):
        if sql.startswith("DELETE"):
            raise OperationalError
        return execute(sql, *arguments)

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        settling.settle(TODAY + 40 * DAY)


def test_usage_of_few_installations_becomes_rare_without_sums(counted):
    start = NOON.replace(hour=0)
    period = {"at": start, "until": start + DAY}
    counted(
        *[body(event("music", "play", times=t, value=2, **period)) for t in (1, 1, 1, 9, 90)],
        *[body(event("music", text, times=3, value=2, **period)) for text in ("skip", "stop")],
        at=NOON + 2 * DAY,
    )
    settling.settle(TODAY + 8 * DAY)
    found = {str(u.usage_name): u for u in Usage.objects.select_related("usage_name")}
    assert set(found) == {"music / play", "(rare) / (rare)"}
    rare = found["(rare) / (rare)"]
    assert (rare.installations, rare.times, rare.value_sum) == (2, 0, 0)
    spread = dict(Spread.objects.values_list("bucket", "installations"))
    assert spread == {1: 5}
    assert set(UsageName.objects.values_list("action", flat=True)) == {"play", "(rare)"}


def test_late_usage_is_added_and_folded_again(counted):
    start = NOON.replace(hour=0)
    period = {"at": start, "until": start + DAY}
    few = [body(event("music", "skip", times=3, **period))]
    counted(*few, at=NOON + 2 * DAY)
    settling.settle(TODAY + 8 * DAY)
    counted(*few, at=NOON + 9 * DAY)
    settling.settle(TODAY + 12 * DAY)
    assert Usage.objects.get().installations == 2


@pytest.mark.parametrize(
    ("spread", "found"),
    [
        ({1: 3, 5: 4}, {1: 3, 5: 4}),
        ({1: 3, 5: 1}, {1: 4}),
        ({1: 1, 5: 4}, {5: 5}),
        ({1: 1, 2: 1}, {1: 2}),
        ({1: 5, 10: 2, 20: 1}, {1: 5, 10: 3}),
        ({}, {}),
    ],
)
def test_buckets_of_few_installations_are_merged(spread, found):
    assert settling.merged(spread) == found


def test_the_first_day_of_a_value_is_cut_to_its_month(counted):
    counted(*editions(basic=3))
    settling.settle(TODAY + 5 * DAY)
    assert Value.objects.get(role="named").first_seen == date(2026, 3, 1)


def test_old_rows_are_deleted(counted, put):
    counted(report())
    put(report(), key="a")
    rollup.roll_up(lambda: NOON)
    put(b"poison")
    rollup.roll_up(lambda: NOON)
    Refusal.objects.create(day=TODAY, site_id=0, reason="rate", n=1)
    assert forgetting.forget(NOON + 3 * DAY) == 0
    forgetting.forget(NOON + 8 * DAY)
    assert not Receipt.objects.exists()
    assert not Arrival.objects.exists()
    forgetting.forget(NOON + 91 * DAY)
    assert not Hour.objects.exists()
    assert not Refusal.objects.exists()
    forgetting.forget(NOON + 401 * DAY)
    assert set(Cell.objects.values_list("span", flat=True)) == {Span.WEEK, Span.MONTH}
