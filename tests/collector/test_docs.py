from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest
from django.core.management import load_command_class

from metric_collection.collector import checks
from metric_collection.collector.conf import conf

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference/collector.rst").read_text()


@pytest.mark.parametrize("name", [setting.name for setting in conf.declared()])
def test_the_reference_names_every_setting(name):
    assert f"* - ``{name}``\n" in REFERENCE


def test_the_reference_names_every_check():
    source = Path(checks.__file__).read_text()
    declared = {setting.id for setting in conf.declared()}
    single = set(re.findall(r"NAMESPACE}\.(W\d+)", source))
    assert single == set(re.findall(r"\* - ``usage_metrics_collector\.(W\d+)``\n", REFERENCE))
    assert f"``usage_metrics_collector.{min(declared)}`` … ``{max(declared)}``" in REFERENCE


def test_the_reference_names_every_action_and_option_of_the_command():
    parser = load_command_class("metric_collection.collector", "metric_collector").create_parser(
        "", ""
    )
    (actions,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for name, action in actions.choices.items():
        assert f"``{name}" in REFERENCE
        own = {option for each in action._actions for option in each.option_strings}
        assert all(option in REFERENCE for option in own - {"-h", "--help"})


FAULTS = (ROOT / "docs/explanation/collector-faults.rst").read_text()


@pytest.mark.parametrize(
    "row", FAULTS.split("\n   * - ")[2:], ids=lambda row: row.partition("\n")[0]
)
def test_every_fault_names_tests_that_exist(row):
    named = re.findall(r"``(tests/\S+\.py)::(?:Test\w+::)?(test_\w+)``", row)
    assert len(named) == row.count("``tests/") > 0
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text()


def test_every_test_of_a_fault_stands_in_the_table():
    source = (ROOT / "tests/collector/test_faults.py").read_text()
    for name in re.findall(r"^def (test_\w+)\(", source, re.MULTILINE):
        assert f"``tests/collector/test_faults.py::{name}``" in FAULTS
