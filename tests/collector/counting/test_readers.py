"""A reader of the database learns something of one installation before a day settles, nothing after."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.models import Cell, Span, Value
from tests.collector.reports import NOON, report

from .readers import by_pattern, by_row_id

pytestmark = pytest.mark.django_db
FACTS = ["Acme Version", "os_version", "database", "python", "users"]
FLEET = 40


def installation(chance: random.Random) -> dict[str, str]:
    return {name: f"1.{int(chance.paretovariate(0.7))}.0" for name in FACTS}


@pytest.fixture
def fleet() -> list[dict[str, str]]:
    chance = random.Random(4)
    return [installation(chance) for _ in range(FLEET)]


@pytest.fixture
def report_daily(put, fleet):
    """Let every installation report on some days, each counted by itself as they come in."""

    def report_daily(days):
        chance = random.Random(5)
        for number in range(days):
            now = NOON + timedelta(days=number)
            for facts in fleet:
                if days == 1 or chance.random() < 0.7:
                    put(report(facts=facts, at=now, first="day"), at=now)
                    rollup.roll_up(lambda now=now: now)
        return now

    return report_daily


def named(vector) -> set[tuple[str, str]]:
    values = Value.objects.filter(pk__in=[value for _, value in vector])
    return set(values.values_list("fact__name", "text"))


def true_vectors(vectors, fleet) -> int:
    """The number of claimed vectors that are indeed facts of one installation."""
    facts = [named(vector) for vector in vectors]
    return sum(sum(found <= set(each.items()) for each in fleet) == 1 for found in facts)


def rows():
    cells = Cell.objects.filter(span=Span.DAY, start=NOON.date(), fact__is_built_in=False)
    return list(cells.values_list("id", "fact_id", "value_id", "n"))


def test_row_ids_give_vectors_away_until_the_day_settles(report_daily, fleet):
    now = report_daily(1)
    assert true_vectors(by_row_id(rows()), fleet) > 2
    settling.settle(now.date() + timedelta(days=4))
    assert by_row_id(rows()) == []
    ordered = sorted(rows())
    assert ordered == sorted(ordered, key=lambda row: row[1:3])


def days():
    cells = Cell.objects.filter(span=Span.DAY, value__role=Value.Role.NAMED)
    rows = cells.values_list("start", "fact_id", "value_id", "n")
    return [(start.isoformat(), fact, value, n) for start, fact, value, n in rows]


def test_equal_patterns_give_vectors_away_until_small_counts_are_folded(report_daily, fleet):
    now = report_daily(6)
    assert true_vectors(by_pattern(days()), fleet) > 2
    settling.settle(now.date() + timedelta(days=4))
    assert by_pattern(days()) == []
    assert all(n >= 3 for *_, n in days())
