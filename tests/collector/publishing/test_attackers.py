"""The rules against two attackers, and the attackers without each rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_collection.collector.publishing.rules import Counts, Fact, Rules, Span, published

from .attackers import Findings, by_differences, by_linear_programme
from .fleets import PRODUCT, weeks

LINEAR = pytest.param(by_linear_programme, id="linear programme")
DIFFERENCES = pytest.param(by_differences, id="differences")
THOROUGHLY_LINEAR = pytest.param(*LINEAR.values, id=LINEAR.id, marks=pytest.mark.thorough)
HALF_A_YEAR = 26


@dataclass
class Attack:
    """The findings of an attacker in so many weeks, and the share of the data that is shown."""

    findings: Findings
    shown: float


def attack(attacker, size: int, length: int, rules: Rules, *, seed: int = 1) -> Attack:
    findings, shown, counted = Findings(), 0, 0
    for number, (week, days) in enumerate(weeks(size, length, seed=seed)):
        content = published(week, rules)
        if not content:
            continue
        if number:  # no text is shown in the first week
            counted += sum(n for fact in week.facts for n in fact.values.values())
            shown += sum(n for fact in content["facts"].values() for n in fact["values"].values())
        found = attacker(content, [p for day in days if (p := published(day, rules))], rules)
        findings.tried += found.tried
        findings.certified += found.certified
    return Attack(findings, shown / counted)


@pytest.mark.parametrize("attacker", [DIFFERENCES, THOROUGHLY_LINEAR])
@pytest.mark.parametrize("size", [40, 400, 4000])
def test_no_group_of_one_to_nine_is_certified_from_a_few_weeks(attacker, size):
    result = attack(attacker, size, 3, Rules())
    assert result.findings.tried > 50
    assert result.findings.certified == []


@pytest.mark.thorough
@pytest.mark.parametrize(("size", "share"), [(40, 0.4), (400, 0.9), (4000, 0.99)])
@pytest.mark.parametrize("attacker", [DIFFERENCES, LINEAR])
def test_no_group_is_certified_from_half_a_year_and_most_of_it_is_shown(attacker, size, share):
    result = attack(attacker, size, HALF_A_YEAR, Rules())
    assert result.findings.certified == []
    assert result.shown >= share


@pytest.mark.parametrize("attacker", [DIFFERENCES, LINEAR])
@pytest.mark.parametrize("rules", [Rules(step=5), Rules(step=1)], ids=["to five", "not at all"])
def test_numbers_that_are_rounded_less_certify_groups(attacker, rules):
    assert attack(attacker, 40, 3, rules).findings.certified


@pytest.mark.parametrize("attacker", [DIFFERENCES])
def test_small_numbers_that_are_shown_certify_groups(attacker):
    assert attack(attacker, 40, 3, Rules(minimum=1, step=10)).findings.certified


@pytest.mark.parametrize("attacker", [DIFFERENCES, THOROUGHLY_LINEAR])
def test_small_rests_certify_groups_where_numbers_are_exact(attacker):
    exact = Rules(step=1, hides_small_rests=False)
    certified = attack(attacker, 400, 3, exact).findings.certified
    assert certified
    assert not attack(attacker, 400, 3, Rules(step=1)).findings.certified


def test_patch_levels_beside_minors_certify_groups_where_numbers_are_exact():
    versions = {"2.4.0": 25, "2.4.1": 7}
    fact = Fact(name=PRODUCT, kind="version", values=versions)
    counts = Counts(span=Span.WEEK, installations=50, product=PRODUCT, facts=[fact])
    rules = Rules(step=1, hides_small_rests=False)
    by_minor = published(counts, rules)
    assert not by_differences(by_minor, [], rules).certified
    both = Rules(step=1, hides_small_rests=False, hides_patch_levels=False)
    by_minor["facts"][PRODUCT]["values"] |= published(counts, both)["facts"][PRODUCT]["values"]
    assert by_differences(by_minor, [], rules).certified


def table(cells: dict[tuple[str, str], int], silent: list[int]) -> Counts:
    """A week of a version and a fact; `silent` installations report neither or not the fact."""
    pairs, versions, values = Counter(cells), Counter(), Counter()
    for (version, value), n in cells.items():
        versions[version] += n
        values[value] += n
    versions["2.0"] += silent[0]
    facts = [
        Fact(name=PRODUCT, kind="version", values=versions),
        Fact(
            name="os",
            kind="text",
            values=values,
            values_before=dict.fromkeys(values, 10),
            pairs=pairs,
        ),
    ]
    total = sum(versions.values()) + silent[1]
    return Counts(span=Span.WEEK, installations=total, product=PRODUCT, facts=facts)


SIZES = st.sampled_from([0, 1, 2, 3, 5, 8, 9, 10, 11, 14, 15, 16, 20, 24, 25, 30])
TABLES = st.builds(
    table,
    st.dictionaries(
        st.tuples(st.sampled_from(["2.0", "2.1", "2.2"]), st.sampled_from("abc")), SIZES
    ),
    st.lists(SIZES, min_size=2, max_size=2),
)


@given(TABLES)
@settings(max_examples=20, deadline=None)
def test_no_table_of_small_numbers_certifies_a_group(counts):
    content = published(counts)
    for attacker in (by_differences, by_linear_programme):
        assert content is None or attacker(content, [], Rules()).certified == []
