from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.harness.collector import Collector, collecting
from tests.harness.host import FOREIGN
from tests.probes.machines import write

from . import machine, session
from .document import Recipe, recipes

PROJECT = Path(__file__).parents[2] / "example_project"
# The example project without what it says about metrics itself.
PLAIN = """
from rackbook.settings import *

for name in [name for name in globals() if name.startswith("METRIC_COLLECTION")]:
    del globals()[name]
MIDDLEWARE = [path for path in MIDDLEWARE if not path.startswith("metric_collection")]
"""
CHECK = "manage.py check --tag usage_metrics --fail-level WARNING"
COLLECTED = """
METRIC_COLLECTION_COLLECTOR_URL = {url!r}
METRIC_COLLECTION_SITE_ID = 5
METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
METRIC_COLLECTION_STATE_FOLDER = {folder!r}
"""


class Product:
    """The example project with a recipe's settings, and whatever arrives of it."""

    def __init__(self, folder: Path, recipe: Recipe, collector: Collector) -> None:
        self.folder = folder
        self.recipe = recipe
        self.collector = collector
        collected = COLLECTED.format(url=collector.url, folder=str(folder))
        settings = "\n".join([PLAIN, recipe.files["settings.py"], machine.SETTINGS, collected])
        shutil.copy(PROJECT / "manage.py", folder)
        write(folder, {**recipe.files, "settings.py": "", "recipe_settings.py": settings})
        write(folder / "machine", machine.FILES)
        localtime = folder / "machine/etc/localtime"
        localtime.symlink_to("/usr/share/zoneinfo/Europe/Rome")

    def operate(self, *more: str, files: Mapping[str, str] | None = None) -> list[int]:
        """Do what the recipe's operator types, then `more`; return the exit codes."""
        write(self.folder, files or {})
        ended = run(self.folder, CHECK, *self.recipe.console, *more, settings="recipe_settings")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        checked, *codes = json.loads(ended.stdout.splitlines()[-1])
        assert checked == 0, ended.stderr
        return codes


def run(folder: Path, *steps: str, settings: str, **environ: str):
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    return subprocess.run(
        [sys.executable, session.__file__, *steps],
        cwd=folder,
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": settings,
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT)]),
            "RACKBOOK_VAR": str(folder),
            **environ,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """A database of the example project with some data, where metrics have been off so far."""
    folder = tmp_path_factory.mktemp("rackbook")
    shutil.copy(PROJECT / "manage.py", folder)
    steps = ("manage.py migrate -v 0", "manage.py loaddata -v 0 rackbook")
    ended = run(folder, *steps, settings="rackbook.settings", METRIC_COLLECTION="False")
    assert ended.returncode == 0, ended.stderr
    return folder / "rackbook.sqlite3"


@pytest.fixture
def product(tmp_path, migrated):
    """Install the product of a recipe, by its page."""
    with collecting() as collector:

        def install(page: str, *, database: Path | None = migrated) -> Product:
            if database:
                shutil.copy(database, tmp_path)
            return Product(tmp_path, recipes()[page], collector)

        yield install
