from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

import metric_collection.collector as collector
from metric_collection.collector.dashboard.charts import (
    LABEL_HEIGHT,
    Bar,
    Bars,
    Figure,
    Lines,
    Mark,
    Series,
    Shares,
    Sparkline,
    apart,
    ceiling,
)

APP = Path(collector.__path__[0])
DAYS = [f"{day} November" for day in range(1, 15)]
GROWING = Series(name="2.4", values=list(range(14)))
FALLING = Series(name="2.3", values=list(range(28, 14, -1)))


def html_of(chart, title="Versions", says="Most run 2.4.") -> str:
    figure = Figure(anchor="versions", title=title, says=says, chart=chart, unit="Day")
    return render_to_string("usage_metrics_collector/charts/figure.html", {"figure": figure})


def texts(html: str, tag: str) -> list[str]:
    return [
        re.sub(r"\s+", " ", text).strip()
        for text in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    ]


def test_a_line_rises_from_zero_to_the_top_of_the_axis():
    chart = Lines(points=["a", "b"], series=[Series(name="x", values=[0, 100])])
    assert chart.top == 100
    assert chart.drawn[0].path == "M0.0 1000.0L1000.0 0.0"


def test_a_gap_interrupts_a_line_and_a_lone_value_is_a_dot():
    chart = Lines(points="abcd", series=[Series(name="x", values=[4, None, 4, 4])])
    assert chart.drawn[0].path == "M0.0 0.0h0M666.7 0.0L1000.0 0.0"


def test_provisional_values_are_drawn_apart_and_joined_to_the_line():
    chart = Lines(points="abc", series=[Series(name="x", values=[4, 4, 4])], provisional=1)
    (line,) = chart.drawn
    assert line.path == "M0.0 0.0L500.0 0.0"
    assert line.provisional == "M500.0 0.0L1000.0 0.0"


def test_the_shares_of_a_point_add_up_to_the_whole():
    chart = Shares(
        points="ab", series=[Series(name="x", values=[1, 3]), Series(name="y", values=[3, 1])]
    )
    assert chart.drawn[0].path == "M0.0 1000.0L1000.0 1000.0L1000.0 250.0L0.0 750.0Z"
    assert chart.drawn[1].path == "M0.0 750.0L1000.0 250.0L1000.0 0.0L0.0 0.0Z"
    assert [band.label for band in chart.drawn] == ["x 75 %", "y 25 %"]


def test_shares_have_a_gap_where_nothing_was_counted():
    chart = Shares(points="abc", series=[Series(name="x", values=[2, 0, 2])], provisional=1)
    assert chart.drawn[0].path.count("M") == 2
    assert chart.veil == "M500.0 0H1000V1000H500.0Z"


def test_a_bar_is_as_long_as_its_share_and_marks_the_share_before():
    bars = [Bar(name="x", value=30, share=0.6, before=0.25), Bar(name="y", value=20, share=0.4)]
    chart = Bars(bars=bars, heads=["Installations", "Share", "Before"])
    assert [bar.width for bar in chart.placed] == ["60.00%", "40.00%"]
    assert chart.placed[0].before == "25.00%"
    assert chart.rows == [("x", ["30", "60 %", "25 %"]), ("y", ["20", "40 %", ""])]


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 4), (3, 4), (5, 5), (11, 20), (79, 80), (101, 200), (8001, 10000)]
)
def test_the_axis_ends_at_the_next_round_number(value, expected):
    assert ceiling(value) == expected


@given(st.lists(st.none() | st.floats(28, 208), max_size=8))
def test_labels_at_the_ends_of_lines_never_overlap(heights):
    placed = apart(heights)
    assert [y is None for y in placed] == [height is None for height in heights]
    ys = sorted(int(y) for y in placed if y is not None)
    assert all(second - first >= LABEL_HEIGHT - 1 for first, second in pairwise(ys))
    assert all(y <= 212 for y in ys)


@given(
    st.integers(1, 40).flatmap(
        lambda length: st.lists(
            st.lists(st.none() | st.integers(0, 10**9), min_size=length, max_size=length).map(
                lambda values: Series(name="x", values=values)
            ),
            min_size=1,
            max_size=7,
        )
    ),
    st.integers(0, 5),
)
def test_whatever_the_values_are_nothing_is_drawn_outside_of_the_plot(series, provisional):
    length = len(series[0].values)
    points = [str(at) for at in range(length)]
    provisional = min(provisional, length)
    lines = Lines(points=points, series=series, provisional=provisional)
    shares = Shares(points=points, series=series, provisional=provisional)
    drawn = [*lines.drawn, *shares.drawn]
    numbers = re.findall(r"-?[\d.]+", "".join(each.path + each.provisional for each in drawn))
    assert all(-0.1 <= float(number) <= 1000.1 for number in numbers)


def test_a_line_is_labelled_at_its_end_and_a_long_name_in_a_legend():
    html = html_of(Lines(points=DAYS, series=[GROWING, FALLING], text=lambda value: f"{value:.0f}"))
    assert {"2.4 13", "2.3 15"} <= set(texts(html, "text"))
    assert "umc-legend" not in html
    named = Series(name="Debian GNU/Linux 12 (bookworm)", values=GROWING.values)
    html = html_of(Lines(points=DAYS, series=[named, FALLING]))
    assert "Debian GNU…" in texts(html, "text")
    assert "<bdi>Debian GNU/Linux 12 (bookworm)</bdi></li>" in html


def test_pointing_at_a_day_shows_its_values():
    html = html_of(Lines(points=DAYS, series=[GROWING, FALLING]))
    assert "14 November 2.4: 13 2.3: 15" in texts(html, "title")
    assert len(texts(html, "title")) == len(DAYS)
    html = html_of(Shares(points=DAYS, series=[GROWING, FALLING]))
    assert "14 November 2.3: 15 (54 %) 2.4: 13 (46 %)" in texts(html, "title")


def test_marks_that_are_close_to_each_other_share_a_name():
    marks = [Mark(at=13, name="2.6"), Mark(at=2, name="2.4"), Mark(at=3, name="2.5")]
    chart = Lines(points=DAYS, series=[GROWING], marks=marks)
    assert [flag.text for flag in chart.flags] == ["2.4", "", "2.6"]
    assert [flag.anchor for flag in chart.flags] == ["start", "start", "end"]


@pytest.mark.parametrize(
    "chart",
    [
        Lines(points=DAYS, series=[GROWING, FALLING], marks=[Mark(at=3, name="<2.4>")]),
        Lines(points=["only"], series=[Series(name="x", values=[3])], provisional=1),
        Shares(points=DAYS, series=[GROWING, FALLING], provisional=3),
        Bars(bars=[Bar(name='<b>"&', value=1.5, share=1, note="<i>")], heads=["a", "b"]),
    ],
    ids=["lines", "first day", "shares", "bars"],
)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_figure_is_well_formed_has_its_sentence_and_table_and_nothing_inline(chart, language):
    with translation.override(language):
        html = html_of(chart, title="<Versions>")
    root = ElementTree.fromstring(html.strip())
    (svg,) = root.findall("svg")
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Most run 2.4."
    assert len(root.findall("details//tbody/tr")) == len(chart.rows)
    everything = list(root.iter())
    assert not {"script", "style"} & {each.tag for each in everything}
    assert not any(
        name == "style" or name.startswith("on") for e in everything for name in e.attrib
    )
    for each in everything:
        for name in ("x", "y", "x1", "x2", "y1", "y2", "width", "height"):
            assert re.fullmatch(r"-?\d+(\.\d+)?%?", each.get(name, "0"))


def test_an_empty_chart_says_so():
    html = html_of(Lines(points=[], series=[]))
    assert "Nothing to show yet." in html
    assert "<svg" not in html
    assert "Nothing to show yet." in html_of(
        Shares(points="a", series=[Series(name="x", values=[None])])
    )


def test_a_sparkline_has_no_label():
    html = render_to_string(Sparkline.template, {"chart": Sparkline(values=[0, 4])})
    assert 'd="M0.0 1000.0L1000.0 0.0"' in html
    assert 'aria-hidden="true"' in html


def test_charts_need_no_django():
    source = (APP / "dashboard" / "charts.py").read_text()
    assert not re.search(r"^(from|import) (django|\.)", source, re.MULTILINE)


def test_every_series_has_a_colour_of_its_own_in_both_themes_and_a_dash():
    css = (APP / "static" / "usage_metrics_collector" / "collector.css").read_text()
    for number in range(1, 7):
        assert len(re.findall(rf"--umc-{number}: #", css)) == 3
        assert re.search(rf"\.umc-series-{number} {{.*--umc-dash", css) or number == 1
