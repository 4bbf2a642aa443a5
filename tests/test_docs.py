"""The documents are kept true: what they name exists, and what exists is named."""

from __future__ import annotations

import argparse
import ast
import json
import re
import textwrap
from pathlib import Path

import pytest
from django.core.management import load_command_class

from metric_collection import checks
from metric_collection.cleaninsights import payload
from metric_collection.conf.settings import conf
from metric_collection.probes import registry
from metric_collection.recorders.registry import RECORDERS

from .campaigns import daily
from .tools.readme import renewed

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.rst").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"\.\. code-block:: {language}\n\n((?:[ ]+.*\n|\n)+)", README)
    return [textwrap.dedent(block) for block in found]


@pytest.mark.parametrize("name", [setting.name for setting in conf.declared()])
def test_the_readme_names_every_setting(name):
    assert f"* - ``{name}``\n" in README


def test_the_readme_names_no_setting_that_does_not_exist():
    known = {setting.name for setting in conf.declared()}
    assert set(re.findall(r"\bMETRIC_COLLECTION(?:_[A-Z_]+)?\b", README)) <= known


def test_the_readme_names_every_check():
    modules = Path(checks.__file__).parent.rglob("checks.py")
    source = "".join(module.read_text() for module in modules)
    single = set(re.findall(r"NAMESPACE}\.([EW]\d+)", source))
    named = re.findall(r"usage_metrics\.([EW]\d+)``\n", README)
    assert single == set(named)
    assert len(named) == len(set(named))
    ids = [setting.id for setting in conf.declared()]
    assert f"``usage_metrics.{min(ids)}`` … ``{max(ids)}``" in README


@pytest.mark.parametrize("name", RECORDERS)
def test_the_readme_names_every_recorder(name):
    assert f"* - ``{name}``\n     - ``{name.capitalize()}``" in README


def test_the_readmes_recorders_pass_the_checks(settings, tmp_path):
    (block,) = (block for block in blocks("python") if "METRIC_COLLECTION_RECORDERS" in block)
    names: dict = {"MIDDLEWARE": settings.MIDDLEWARE}
    exec(compile(block, "README.rst", "exec"), names)
    for name, value in names.items():
        if name.isupper():
            setattr(settings, name, value)
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {"speed": daily(), "health": daily(title="Health")}
    assert names["METRIC_COLLECTION_RECORDERS"].keys() == RECORDERS.keys()
    assert checks.check_settings() == []


def test_the_readme_names_every_action_and_option_of_the_command():
    parser = load_command_class("metric_collection", "metric_collection").create_parser("", "")
    (actions,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for name, action in actions.choices.items():
        assert f"``{name}" in README
        own = {option for each in action._actions for option in each.option_strings}
        assert all(option in README for option in own - {"-h", "--help"})


def test_the_readmes_facts_are_those_of_the_probes():
    assert renewed(README) == README, "Run: python -m tests.tools.readme"


def test_the_readme_names_the_facts_of_the_default_probes():
    for _probe, fact in registry.declared():
        assert f"``{fact.name.replace('Acme', '<PRODUCT>')}``" in README


@pytest.mark.parametrize("block", blocks("python"))
def test_python_in_the_readme_compiles_and_names_what_exists(block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            module = __import__(node.module, fromlist=["*"])
            assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("block", blocks("json"))
def test_json_in_the_readme_is_what_a_collector_takes(block):
    assert payload.decode(block.encode()) == json.loads(block)


@pytest.mark.django_db
def test_the_readmes_test_of_a_host_passes():
    (block,) = (block for block in blocks("python") if "class MetricsTests" in block)
    names: dict = {}
    exec(compile(block, "README.rst", "exec"), names)
    case = names["MetricsTests"]("test_the_version_is_reported")
    case.setUpClass()
    case.test_the_version_is_reported()
    case.tearDownClass()


def test_the_readmes_probe_is_gathered_and_passes_the_checks(settings, tmp_path, monkeypatch):
    (block,) = (block for block in blocks("python") if "class LanguageProbe" in block)
    (tmp_path / "acme_probes.py").write_text(block)
    monkeypatch.syspath_prepend(tmp_path)
    settings.METRIC_COLLECTION_PROBES = ["acme_probes.LanguageProbe"]
    assert registry.gather().facts["language"] == settings.LANGUAGE_CODE
    assert checks.check_settings() == []


@pytest.mark.parametrize(
    "command",
    [
        'python -m pip install -e ".[example]" && python example_project/manage.py demo',
        'python -m pip install -e ".[test]" && python -m pytest',
    ],
)
def test_the_two_commands_stand_in_the_readme_word_for_word(command):
    assert f"    {command}\n" in README


@pytest.mark.parametrize("path", re.findall(r"`[^`<]*<([\w/]+\.rst)>`_", README))
def test_documents_that_the_readme_links_to_are_there(path):
    assert (ROOT / path).is_file()


def rows(document: str) -> list[str]:
    """The rows below the head of a document's last table."""
    text = (ROOT / document).read_text()
    return re.split(r"\n   \* - ", text.rpartition(".. list-table::")[2])[2:]


@pytest.mark.parametrize("row", rows("SECURITY.rst"), ids=lambda row: row.partition("\n")[0])
def test_every_threat_names_tests_that_exist(row):
    shown_by = " ".join(row.rpartition("\n     - ")[2].split())
    named = re.findall(r"- ([^:]+): ``(tests/\S+\.py)``", shown_by)
    assert named
    for claim, path in named:
        assert f"def test_{claim.replace(' ', '_')}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("row", rows("docs/faults.rst"), ids=lambda row: row.partition("\n")[0])
def test_every_fault_names_a_test_that_exists(row):
    named = re.findall(r"``(tests/\S+\.py)::(test_\w+)``", row)
    assert named
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text()


def test_every_test_of_a_fault_stands_in_the_table():
    table = (ROOT / "docs/faults.rst").read_text()
    for path in ("brokers", "collectors", "databases", "month", "shutdown", "steps"):
        source = (ROOT / f"tests/faults/test_{path}.py").read_text()
        for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE):
            assert f"``tests/faults/test_{path}.py::{name}``" in table
