from __future__ import annotations

import pytest

from metric_collection.collector.counting.days import end_of, start_of
from metric_collection.collector.counting.dictionary import kind_of
from metric_collection.collector.counting.tally import bucket_of
from metric_collection.collector.counting.texts import clean, value_of
from tests.collector.reports import NOON


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Größe 😀", "Größe 😀"),
        ("a\nb\x1bc", "a\ufffdb\ufffdc"),
        ("right\u202eleft", "right\ufffdleft"),
        ("x" * 300, "x" * 255),
        ("no\u00a0break", "no\u00a0break"),
    ],
)
def test_characters_that_a_page_had_better_not_show_are_replaced(text, stored):
    assert clean(text) == stored


@pytest.mark.parametrize(
    ("kind", "text", "role", "stored"),
    [
        ("text", "Alpine", "named", "Alpine"),
        ("version", "v2.4+local.7", "named", "2.4"),
        ("version", "2.4.post1", "named", "2.4.post1"),
        ("version", "2.5.dev1", "development", ""),
        ("version", "2.5b1", "development", ""),
        ("version", "host17", "other", ""),
        ("version", "9" * 5000, "other", ""),
        ("version", "2.4." + "1" * 300, "other", ""),
        ("date", "2026-03-04", "named", "2026-03"),
        ("date", "2026-13-04", "other", ""),
        ("bucket", "10-99", "named", "10-99"),
    ],
)
def test_a_value_is_stored_by_the_kind_of_its_fact(kind, text, role, stored):
    assert value_of(kind, text) == (role, stored)


@pytest.mark.parametrize(
    ("times", "bucket"),
    [(1, 1), (3, 2), (9, 5), (10, 10), (49, 20), (50, 50), (2**31 - 1, 2 * 10**9)],
)
def test_uses_are_counted_in_steps_of_1_2_5(times, bucket):
    assert bucket_of(times) == bucket


@pytest.mark.parametrize(
    ("span", "first", "after"),
    [
        ("D", "2026-03-04", "2026-03-05"),
        ("W", "2026-03-02", "2026-03-09"),
        ("M", "2026-03-01", "2026-04-01"),
    ],
)
def test_a_day_belongs_to_a_week_and_a_month(span, first, after):
    start = start_of(span, NOON.date())
    assert (start.isoformat(), end_of(span, start).isoformat()) == (first, after)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"kind": "bucket", "example": "x"}, "bucket"),
        ({"example": "2.4.1"}, "version"),
        ({"example": "6.1"}, "version"),
        ({"example": "2026-03"}, "date"),
        ({"example": "yes"}, "flag"),
        ({"example": "10-99"}, "bucket"),
        ({"example": "3"}, "bucket"),
        ({"example": "Debian 12"}, "text"),
        ({}, "text"),
    ],
)
def test_the_kind_of_a_fact_is_stated_or_what_its_example_looks_like(entry, kind):
    assert kind_of(entry) == kind
