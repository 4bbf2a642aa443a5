from __future__ import annotations

import re
from pathlib import Path

import pytest

from metric_collection.conf.settings import conf

from . import test_recipes
from .document import comparison, heading, recipes

LINES = [line for lines in comparison().values() for line in lines]


def test_every_recipe_has_settings_and_is_run():
    source = Path(test_recipes.__file__).read_text()
    for page, recipe in recipes().items():
        assert "settings.py" in recipe.files
        assert recipe.console
        assert f'product("{page}")' in source


def test_every_system_is_compared():
    assert comparison().keys() == {heading(page) for page in recipes()}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.theirs)
def test_no_line_is_without_an_answer(line):
    assert line.here
    if line.here.startswith(("Fact", "Event")):
        assert line.source in {"detected", "stated", "measured"}
        assert line.precision


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.theirs)
def test_settings_that_a_line_names_exist(line):
    names = re.findall(r"``(METRIC_COLLECTION_\w+)``", line.here)
    assert set(names) <= {setting.name for setting in conf.declared()}
