import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from metric_collection import probes
from metric_collection.probes import Host, host, probe_names
from metric_collection.probes.catalog import catalog
from metric_collection.probes.probe import Fact, path_of

FACTS = catalog()


@pytest.mark.parametrize(("probe", "fact"), FACTS, ids=[fact.name for _, fact in FACTS])
def test_every_fact_is_described_with_an_example_and_a_purpose(probe, fact):
    assert probe.__doc__
    assert fact.description.endswith(".")
    assert fact.purpose.endswith(".")
    assert fact.example
    assert not fact.coarsened or fact.coarsened.endswith(".")


def test_no_name_occurs_twice():
    names = [fact.name for _, fact in FACTS]
    assert len(names) == len(set(names))


def test_every_file_of_the_folder_with_a_probe_is_in_it():
    assert {probe.__name__ for probe, _ in FACTS} == set(probe_names())


def test_a_probe_is_known_by_a_short_name():
    assert Host is host.Host
    assert path_of(Host) == "metric_collection.probes.Host"
    assert probes.Fact is Fact


@pytest.mark.parametrize("name", ["Nonsense", "Registry", "Ghost", "nonsense"])
def test_a_misspelt_probe_cannot_be_imported(name):
    with pytest.raises(ImportError, match=f"does not define a {name!r}|{name}"):
        import_string(f"metric_collection.probes.{name}")


def test_type_checkers_see_each_name_as_it_is():
    block = Path(probes.__file__).read_text().partition("TYPE_CHECKING:")[2].partition("else:")[0]
    typed = re.findall(r"from \.(\w+) import (\w+) as \2\n", block)
    declaration = {"Compared", "Fact", "Probe", "Unknown"}
    assert {name for _, name in typed} == declaration | {*probe_names()}
    for module, name in typed:
        assert getattr(probes, name) is getattr(
            import_module(f"metric_collection.probes.{module}"), name
        )


def test_no_probe_is_imported_before_it_is_used():
    source = (
        "import sys, metric_collection.probes as p;"
        "print([name for name in sys.modules if name.startswith('metric_collection.probes.')])"
    )
    assert subprocess.check_output([sys.executable, "-c", source], text=True) == "[]\n"
