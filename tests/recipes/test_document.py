from __future__ import annotations

from pathlib import Path

from docutils.core import publish_doctree

from . import test_recipes
from .document import DOCUMENT, recipes


def test_the_page_is_free_of_faults():
    faults = {"halt_level": 1, "report_level": 5, "syntax_highlight": "none"}
    publish_doctree(DOCUMENT.read_text(), settings_overrides=faults)


def test_every_recipe_has_settings_and_is_run():
    source = Path(test_recipes.__file__).read_text()
    for title, recipe in recipes().items():
        assert "settings.py" in recipe.files
        assert recipe.console
        assert f'product("{title}")' in source
