from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.collector.publishing.rules import (
    Counts,
    Fact,
    Rules,
    Span,
    Usage,
    median_bucket,
    minor,
    published,
)

PRODUCT = "Acme Version"
KINDS = ["text", "version", "flag"]
NAMES = ["a", "b", "c", "1.0.1", "1.0.2", "1.1", "2.0"]
VERSIONS = ["2.3.0", "2.3.1", "2.4.0", "2.4.1", "3.0", "nonsense"]


@st.composite
def weeks(draw) -> Counts:
    """A week of installations, each with a version and a value of some facts."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    groups = st.tuples(
        st.integers(1, 45),
        st.none() | st.sampled_from(VERSIONS),
        st.tuples(*[st.none() | st.sampled_from(NAMES) for _ in kinds]),
    )
    found = draw(st.lists(groups, max_size=8))
    values, pairs = [Counter() for _ in kinds], [Counter() for _ in kinds]
    versions: Counter = Counter()
    for n, version, named in found:
        versions[version] += n
        for at, value in enumerate(named):
            values[at][value] += n
            if version:
                pairs[at][version, value] += n
    for counter in (versions, *values):
        counter.pop(None, None)
    facts = [
        Fact(
            name=f"fact {at}",
            kind=kind,
            values=values[at],
            values_before=draw(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 20))),
            pairs=Counter({pair: n for pair, n in pairs[at].items() if pair[1]}),
        )
        for at, kind in enumerate(kinds)
    ]
    return Counts(
        span=Span.WEEK,
        installations=sum(n for n, _, _ in found),
        new=draw(st.integers(0, 30)),
        upgraded=draw(st.integers(0, 30)),
        product=PRODUCT,
        facts=[Fact(name=PRODUCT, kind="version", values=versions), *facts],
    )


def numbers(content) -> list[int]:
    """All published numbers."""
    if isinstance(content, dict):
        return [number for value in content.values() for number in numbers(value)]
    return [content] if isinstance(content, int) else []


def grouped(fact: Fact) -> Counter:
    counts: Counter = Counter()
    for value, n in fact.values.items():
        counts[minor(value) if fact.kind == "version" else value] += n
    return counts


@given(weeks())
def test_every_number_is_a_multiple_of_ten_and_at_least_ten(week):
    assert all(number >= 10 and number % 10 == 0 for number in numbers(published(week) or {}))


@given(weeks())
def test_a_value_that_is_shown_is_rounded_from_its_exact_count(week):
    content = published(week) or {"facts": {}}
    for fact in week.facts:
        for value, n in content["facts"].get(fact.name, {"values": {}})["values"].items():
            assert grouped(fact)[value] >= 10
            assert abs(grouped(fact)[value] - n) <= 5


@given(weeks())
def test_what_a_list_hides_is_nothing_or_at_least_ten(week):
    content = published(week) or {"facts": {}}
    for fact in week.facts:
        if shown := content["facts"].get(fact.name):
            hidden = week.installations - sum(grouped(fact)[v] for v in shown["values"])
            assert hidden == 0 or hidden >= 10


@given(weeks())
def test_what_a_row_or_column_of_a_cross_table_hides_is_nothing_or_at_least_ten(week):
    content = published(week) or {"pairs": {}}
    rows = grouped(week.facts[0])
    for fact in week.facts[1:]:
        cells: Counter = Counter()
        for (version, value), n in fact.pairs.items():
            cells[minor(version), minor(value) if fact.kind == "version" else value] += n
        table = content["pairs"].get(fact.name, {})
        for row, shown in table.items():
            assert row in content["facts"][PRODUCT]["values"]
            hidden = rows[row] - sum(cells[row, column] for column in shown)
            assert hidden == 0 or hidden >= 10
        for column in {column for shown in table.values() for column in shown}:
            assert column in content["facts"][fact.name]["values"]
            hidden = grouped(fact)[column] - sum(
                cells[row, column] for row in table if column in table[row]
            )
            assert hidden == 0 or hidden >= 10


@given(weeks())
def test_versions_are_published_by_minor_only(week):
    content = published(week) or {"facts": {}}
    for fact in content["facts"].values():
        if fact["kind"] == "version":
            assert all(value.count(".") == 1 for value in fact["values"])


@given(weeks())
def test_a_new_value_waits_for_its_second_week(week):
    content = published(week) or {"facts": {}}
    for fact in week.facts:
        if fact.kind != "version":
            shown = content["facts"].get(fact.name, {"values": {}})["values"]
            assert all(fact.values_before.get(value, 0) >= 10 for value in shown)


def a_week(**facts) -> Counts:
    return Counts(
        span=Span.WEEK,
        installations=100,
        product=PRODUCT,
        facts=[
            Fact(name=PRODUCT, kind="version", values={"2.4.0": 40, "2.4.1": 30, "2.3.9": 30}),
            *[
                Fact(name=name, kind="text", values=values, values_before=values)
                for name, values in facts.items()
            ],
        ],
    )


def test_a_week_has_every_fact_a_day_only_the_version_and_a_month_none():
    week = a_week(os={"Debian": 100})
    day, month = (
        Counts(span=span, installations=100, product=PRODUCT, facts=week.facts)
        for span in (Span.DAY, Span.MONTH)
    )
    versions = {"kind": "version", "values": {"2.4": 70, "2.3": 30}}
    assert published(week) == {
        "installations": 100,
        "facts": {PRODUCT: versions, "os": {"kind": "text", "values": {"Debian": 100}}},
        "pairs": {},
    }
    assert published(day) == {"installations": 100, "facts": {PRODUCT: versions}}
    assert published(month) == {"installations": 100, "usage": []}


def test_fewer_than_ten_installations_publish_nothing():
    assert published(Counts(span=Span.DAY, installations=9)) is None
    assert published(Counts(span=Span.DAY, installations=10)) == {"installations": 10, "facts": {}}


def test_new_and_upgraded_are_of_weeks_and_never_rounded_up_to_ten():
    counts = {"installations": 104, "new": 9, "upgraded": 15}
    week = published(Counts(span=Span.WEEK, **counts))
    assert week == {"installations": 100, "upgraded": 20, "facts": {}, "pairs": {}}
    assert published(Counts(span=Span.DAY, **counts)) == {"installations": 100, "facts": {}}


def test_the_smallest_value_goes_while_the_hidden_ones_are_few():
    content = published(a_week(os={"Debian": 60, "Alpine": 33, "Gentoo": 7}))
    assert content["facts"]["os"]["values"] == {"Debian": 60}
    content = published(a_week(os={"Debian": 60, "Alpine": 30, "Gentoo": 7, "Arch": 3}))
    assert content["facts"]["os"]["values"] == {"Debian": 60, "Alpine": 30}
    content = published(a_week(os={"Debian": 95}))
    assert "os" not in content["facts"]


def test_a_cell_goes_when_the_rest_of_its_row_would_be_small():
    week = a_week(os={"Debian": 75, "Alpine": 25})
    pairs = {("2.4.0", "Debian"): 40, ("2.4.1", "Debian"): 15, ("2.4.1", "Alpine"): 15}
    pairs |= {("2.3.9", "Debian"): 20, ("2.3.9", "Alpine"): 10}
    facts = [week.facts[0], Fact(name="os", kind="text", values=week.facts[1].values,
                                 values_before=week.facts[1].values, pairs=pairs)]  # fmt: skip
    whole = Counts(span=Span.WEEK, installations=100, product=PRODUCT, facts=facts)
    assert published(whole)["pairs"] == {
        "os": {"2.4": {"Debian": 60, "Alpine": 20}, "2.3": {"Debian": 20, "Alpine": 10}}
    }
    del pairs["2.3.9", "Alpine"]
    pairs["2.3.9", "Debian"] = 23  # and 7 of 2.3 that do not report the fact
    assert published(whole)["pairs"] == {"os": {"2.4": {"Debian": 60, "Alpine": 20}}}


def test_usage_has_a_median_and_shares_but_no_sums():
    labels = {"category": "music", "action": "play", "name": None}
    usage = [
        Usage(labels=labels, installations=52, buckets={1: 30, 2: 14, 10: 8}),
        Usage(labels={**labels, "name": "rare"}, installations=9, buckets={1: 9}),
    ]
    content = published(Counts(span=Span.MONTH, installations=60, usage=usage))
    assert content["usage"] == [{**labels, "installations": 50, "median": 1, "buckets": {"1": 30}}]


@pytest.mark.parametrize(
    ("buckets", "expected"), [({}, None), ({1: 3}, 1), ({1: 1, 5: 1, 10: 1}, 5), ({1: 1, 2: 1}, 1)]
)
def test_the_median_is_the_bucket_of_the_installation_in_the_middle(buckets, expected):
    assert median_bucket(buckets) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.4.1", "2.4"), ("5", "5.0"), ("2026.10.1", "2026.10"), ("6.1.0.post1", "6.1"), ("x", None)],
)
def test_a_version_is_published_under_its_minor(version, expected):
    assert minor(version) == expected


@pytest.mark.parametrize("number", range(10, 40))
def test_numbers_are_rounded_half_up(number):
    assert Rules().rounded(number) == (number + 5) // 10 * 10
