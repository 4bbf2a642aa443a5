import pkgutil
from importlib import import_module
from inspect import isclass

import pytest

import metric_collection.probes
from metric_collection.probes.catalog import CHOOSABLE_PROBES, catalog
from metric_collection.probes.probe import Probe, path_of
from tests.benchmarks.project.gauges.probes import CHOSEN

FACTS = catalog()


@pytest.mark.parametrize(("probe", "fact"), FACTS, ids=[fact.name for _, fact in FACTS])
def test_every_fact_is_described_with_an_example_and_a_purpose(probe, fact):
    assert probe.__doc__
    assert fact.description.endswith(".")
    assert fact.purpose.endswith(".")
    assert fact.example
    assert not fact.coarsened or fact.coarsened.endswith(".")


def test_no_name_stands_there_twice():
    names = [fact.name for _, fact in FACTS]
    assert len(names) == len(set(names))


def test_no_probe_of_the_app_is_forgotten():
    modules = [
        import_module(f"metric_collection.probes.{module.name}")
        for module in pkgutil.iter_modules(metric_collection.probes.__path__)
    ]
    classes = {value for module in modules for value in vars(module).values() if isclass(value)}
    probes = {cls for cls in classes if cls.__name__.endswith("Probe")} - {Probe}
    assert {probe for probe, _ in FACTS} == probes


def test_the_benchmark_of_all_probes_asks_every_one():
    assert [path_of(probe) for probe in CHOOSABLE_PROBES] == CHOSEN
