from __future__ import annotations

import re
from pathlib import Path

import pytest

from metric_collection.collector import checks
from metric_collection.collector.conf import conf

REFERENCE = (Path(__file__).parents[2] / "docs/reference/collector.rst").read_text()


@pytest.mark.parametrize("name", [setting.name for setting in conf.declared()])
def test_the_reference_names_every_setting(name):
    assert f"* - ``{name}``\n" in REFERENCE


def test_the_reference_names_every_check():
    source = Path(checks.__file__).read_text()
    declared = {setting.id for setting in conf.declared()}
    single = set(re.findall(r"NAMESPACE}\.(W\d+)", source))
    assert single == set(re.findall(r"\* - ``usage_metrics_collector\.(W\d+)``\n", REFERENCE))
    assert f"``usage_metrics_collector.{min(declared)}`` … ``{max(declared)}``" in REFERENCE
