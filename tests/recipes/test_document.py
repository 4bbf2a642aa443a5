from __future__ import annotations

from pathlib import Path

from . import test_recipes
from .document import recipes


def test_every_recipe_has_settings_and_is_run():
    source = Path(test_recipes.__file__).read_text()
    for title, recipe in recipes().items():
        assert "settings.py" in recipe.files
        assert recipe.console
        assert f'product("{title}")' in source
