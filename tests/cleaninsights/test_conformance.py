"""Conformance with the reference SDK, npm clean-insights-sdk 2.6.2."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings, target

from metric_collection.cleaninsights import FileStore

from . import reference, vectors
from .differences import DIFFERENCES, arrived
from .scenarios import of_reference, run, scenarios

RUNS = int(os.environ.get("TEST_CLEANINSIGHTS_SCENARIOS", "100"))
VECTORS = json.loads(vectors.RECORDED.read_text())

needs_reference = pytest.mark.skipif(bool(reference.why_not()), reason=reference.why_not())


@pytest.fixture(scope="module")
def sdk():
    with reference.Reference() as running:
        yield running


@needs_reference
def test_generated_scenarios_come_out_as_in_the_reference(sdk, capsys):
    """Counts are printed; TEST_CLEANINSIGHTS_SCENARIOS says how many scenarios to run."""
    count = Counter()

    @settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(scenarios())
    def compare(scenario):
        ours, theirs = run(scenario), of_reference(sdk.run(scenario))
        count.update(scenarios=1, steps=len(scenario["steps"]), differences=ours != theirs)
        aggregates = sum(len(step.get("rows", ())) for step in ours)
        target(aggregates)  # scenarios in which something arrives tell more
        count["aggregates arrived"] += aggregates
        count["failed posts"] += sum(step.get("failed", 0) for step in ours)
        assert ours == theirs

    try:
        compare()
    finally:
        with capsys.disabled():
            story = ", ".join(f"{number} {what}" for what, number in count.items())
            sys.stderr.write(f"\nconformance: {story}\n")


def test_the_recorded_vectors_are_those_of_the_named_scenarios():
    assert {name: vector["scenario"] for name, vector in VECTORS.items()} == vectors.SCENARIOS


@pytest.mark.parametrize("name", VECTORS)
def test_a_recorded_vector_comes_out_as_in_the_reference(name):
    assert run(VECTORS[name]["scenario"]) == VECTORS[name]["outcome"]


@pytest.mark.parametrize("name", VECTORS)
def test_a_recorded_vector_comes_out_the_same_from_a_file(name, tmp_path):
    store = FileStore(tmp_path / "store")
    assert run(VECTORS[name]["scenario"], store) == VECTORS[name]["outcome"]


@needs_reference
def test_the_recorded_vectors_match_the_reference(sdk):
    for vector in VECTORS.values():
        assert of_reference(sdk.run(vector["scenario"])) == vector["outcome"]


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda difference: difference.name)
def test_where_ours_differs_it_does_so_deliberately(difference):
    assert arrived(run(difference.scenario)) == difference.ours


@needs_reference
def test_known_differences_from_the_reference_still_exist(sdk):
    for difference in DIFFERENCES:
        theirs = arrived(of_reference(sdk.run(difference.scenario)))
        assert theirs == difference.theirs, difference.name
