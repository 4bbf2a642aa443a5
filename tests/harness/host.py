"""A product in a folder of its own: settings from a dictionary, commands and daemons as real processes."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from .process import Process

MANAGE = """\
import sys
from django.core.management import execute_from_command_line
if __name__ == "__main__":  # Python 3.14 starts processes by forkserver, which imports this file
    execute_from_command_line(sys.argv)
"""
CELERY = """\
from celery import Celery
app = Celery("product")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""
LOADS_CELERY = {
    "product/celery.py": CELERY,
    "product/__init__.py": "from product.celery import app as celery_app\n",
}
DJANGO_SETUP = "import django, json, sys\ndjango.setup()\n"

# What whoever runs the tests has set for other purposes must not steer a host; above all not CI.
FOREIGN = re.compile(
    r"(CI|TF_BUILD|TEAMCITY_VERSION|JENKINS_URL|METRIC_COLLECTION.*|DO_NOT_TRACK|DJANGO_.*|CELERY.*|PYTEST.*|.*_proxy)$",
    re.IGNORECASE,
)

BROKER = Path(__file__).parents[2] / "example_project/rackbook/broker.py"


def product_settings(folder: Path) -> dict[str, Any]:
    """The settings of a product that reports everything and asks for nothing else."""
    return {
        "SECRET_KEY": "tests",
        "USE_TZ": True,
        "DATABASES": {"default": sqlite(folder / "product.sqlite3")},
        "INSTALLED_APPS": [
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "metric_collection",
        ],
        "METRIC_COLLECTION_COLLECTOR_URL": "http://127.0.0.1:9/cleaninsights.php",
        "METRIC_COLLECTION_SITE_ID": 5,
        "METRIC_COLLECTION_PRODUCT": "Acme",
        "METRIC_COLLECTION_PRODUCT_VERSION": "1.0",
        "METRIC_COLLECTION_TIMEOUT": (0.5, 2),
        **folder_broker(folder),
    }


def sqlite(path: Path) -> dict[str, Any]:
    """A database in a file."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


def folder_broker(folder: Path) -> dict[str, Any]:
    """Celery settings for a broker that is a folder: no server to install."""
    broker = folder / "broker"
    broker.mkdir(exist_ok=True)
    return {
        "CELERY_BROKER_URL": "filesystem://",
        "CELERY_BROKER_TRANSPORT": "folder_broker:Transport",
        "CELERY_BROKER_TRANSPORT_OPTIONS": {
            "data_folder_in": str(broker),
            "data_folder_out": str(broker),
            "control_folder": str(broker / "control"),
        },
    }


def own_name() -> tuple[str, str]:
    """An option for a worker: RabbitMQ refuses a second one of the same name, such as another test's."""
    return ("-n", f"{uuid.uuid4().hex}@%h")


class Host:
    """A product installed in `folder`; `settings` are laid over the plain ones, `files` written beside."""

    def __init__(
        self, folder: Path, files: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        self.folder = folder
        self.settings = product_settings(folder) | settings
        self.environ: dict[str, str] = {}
        self._logs = 0
        ours = {"manage.py": MANAGE, "folder_broker.py": BROKER.read_text(encoding="utf-8")}
        self.write({**ours, "product/__init__.py": "", **(files or {})})
        self.configure()

    def write(self, files: Mapping[str, str]) -> None:
        """Write path -> source."""
        for name, source in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(source), encoding="utf-8")

    def configure(self, **settings: Any) -> None:
        """Change settings, for the processes that start from now on."""
        self.settings |= settings
        lines = [f"{name} = {value!r}" for name, value in self.settings.items()]
        self.write({"product/settings.py": "\n".join(["import datetime", *lines, ""])})

    def manage(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end, whatever that is."""
        return self.run("manage.py", *arguments, **environ)

    def module(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m` to its end, whatever that is."""
        return self.run("-m", *arguments, **environ)

    def django(self, source: str, *arguments: str, **environ: str) -> Any:
        """Run `source` with Django set up; return what its last line prints as JSON."""
        return self.python(DJANGO_SETUP + dedent(source), *arguments, **environ)

    def python(self, source: str, *arguments: str, **environ: str) -> Any:
        """Run `source`; return what its last line prints as JSON."""
        ended = self.run("-c", dedent(source), *arguments, **environ)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        lines = ended.stdout.splitlines()
        return json.loads(lines[-1]) if lines else None

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute SQL on the SQLite file of the host, which costs no process."""
        with closing(sqlite3.connect(self.folder / "product.sqlite3")) as connection, connection:
            return connection.execute(statement).fetchall()

    @contextmanager
    def celery(self, *arguments: str, app: str = "product", **environ: str) -> Iterator[Process]:
        """Run a worker or a beat until the block ends."""
        name = own_name() if arguments[0] == "worker" else ()
        with self.process("-m", "celery", "-A", app, *arguments, *name, **environ) as process:
            yield process

    @contextmanager
    def process(self, *arguments: str, **environ: str) -> Iterator[Process]:
        """Run Python with these arguments until the block ends."""
        self._logs += 1
        command, log = [sys.executable, *arguments], self.folder / f"process-{self._logs}.log"
        with Process(command, log, cwd=self.folder, env=self._environ(environ)) as process:
            yield process

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self._environ(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
        ours = {"DJANGO_SETTINGS_MODULE": "product.settings", "NO_PROXY": "127.0.0.1"}
        return {**kept, **ours, **self.environ, **environ}
