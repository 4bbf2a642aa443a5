from __future__ import annotations

from datetime import date

import pytest
from django.utils import translation

from metric_collection.collector.dashboard import figures
from metric_collection.collector.dashboard.charts import Series

DAYS = [date(2026, 11, day) for day in range(1, 6)]


def cells(**values):
    """Version -> its number on each day."""
    return {
        day: {name.replace("_", "."): n[at] for name, n in values.items() if n[at]}
        for at, day in enumerate(DAYS)
    }


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (110, 100, "10 % more than four weeks before"),
        (90, 100, "10 % fewer than four weeks before"),
        (100, 100, "as many as four weeks before"),
        (100, 0, ""),
        (100, None, ""),
    ],
)
def test_a_change_is_put_in_words(now, before, words):
    assert figures.change(now, before) == words


def test_a_version_is_released_on_the_first_day_with_ten_installations():
    found = figures.first_days(cells(v2_3=[50, 40, 30, 20, 10], v2_4=[0, 3, 12, 20, 30]))
    assert found == {"v2.4": DAYS[2]}
    assert figures.marks(cells(v2_3=[50] * 5, v2_4=[0, 3, 12, 20, 30]))[0].at == 2


def test_adoption_is_aligned_at_the_first_day_of_each_version():
    figure = figures.adoption(cells(v2_3=[90, 80, 60, 50, 40], v2_4=[0, 20, 40, 50, 60]))
    (curve,) = figure.chart.series
    assert list(curve.values) == [0.2, 0.4, 0.5, 0.6]
    assert figure.says == "v2.4 has reached 60 % after 3 days."


def test_at_least_adds_up_from_the_newest_version():
    figure = figures.at_least({"2.10": 10, "2.9": 30, "2.4": 50, "(rare)": 10})
    assert [(bar.name, bar.value) for bar in figure.chart.bars] == [
        ("2.10 or newer", 10),
        ("2.9 or newer", 40),
        ("2.4 or newer", 90),
    ]
    assert figure.says == "If 2.10 were required, 90 % would be left behind."
    assert figure.chart.bars[1].note == "60 run something older."


def test_the_value_that_grows_most_is_named():
    growing = Series(name="a", values=[1, None, 5])
    assert figures.movement([growing, Series(name="b", values=[None] * 3)]) == (
        "a has grown most: by 4 installations."
    )
    assert figures.movement([Series(name="a", values=[5, 1])]) == "No value has grown in this time."
    assert figures.movement([]) == "Nothing was counted yet."


def test_numbers_follow_the_language():
    assert figures.whole(12345) == "12,345"
    with translation.override("de"):
        assert figures.whole(12345) == "12.345"
