"""A collector in a process of its own: configured as the embedded mode does, on SQLite or on another database."""

from __future__ import annotations

import json
import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from metric_collection.collector.embedded.folder import prepared
from metric_collection.collector.embedded.settings import settings_for

DATABASE = "BENCHMARK_DATABASE"  # Django's settings of it as JSON; without it SQLite in the folder
NETWORKS = 65_536


def set_up(folder: Path) -> None:
    """Configure Django and migrate."""
    given = settings_for(prepared(folder), hosts=["*"], environ=os.environ)
    if database := os.environ.get(DATABASE):
        given["DATABASES"] = {"default": json.loads(database)}
    given["ROOT_URLCONF"] = "tests.benchmarks.collector.urls"
    settings.configure(**given)
    django.setup()
    call_command("migrate", verbosity=0)


def network(number: int) -> str:
    """An address for each installation: no limit is met."""
    return f"10.{number // 256 % 256}.{number % 256}.7"
