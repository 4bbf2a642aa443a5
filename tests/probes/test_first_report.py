from __future__ import annotations

from datetime import date

import pytest

from metric_collection.probes.first_report import FirstReport, first_report_of


@pytest.mark.parametrize(
    ("last", "today", "value"),
    [
        (None, "2026-12-03", "day week month"),
        ("2026-12-03", "2026-12-03", "nothing"),
        ("2026-12-02", "2026-12-03", "day"),
        ("2026-12-06", "2026-12-07", "day week"),
        ("2026-12-31", "2027-01-01", "day month"),  # a Friday: both days are in ISO week 53
        ("2027-01-31", "2027-02-01", "day week month"),
        ("2025-12-03", "2026-12-03", "day week month"),
    ],
)
def test_it_says_of_which_periods_a_report_is_the_first(last, today, value):
    assert first_report_of(last and date.fromisoformat(last), date.fromisoformat(today)) == value


def test_a_machine_whose_clock_is_a_day_behind_does_not_count_twice():
    assert first_report_of(date(2026, 12, 4), date(2026, 12, 3)) == "nothing"


@pytest.mark.parametrize(
    ("last", "value"), [(date(2026, 12, 5), "day"), (date(2030, 1, 1), "day week month")]
)
def test_a_clock_that_went_back_further_starts_anew(last, value):
    assert first_report_of(last, date(2026, 12, 3)) == value


def test_the_probe_has_a_placeholder_until_a_report_is_sealed():
    assert FirstReport().gather() == {"first_report_of": "nothing"}
