from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host

ROOT = Path(__file__).parents[3]
APPS = ["django.contrib.contenttypes", "django.contrib.auth", "metric_collection.collector"]


@pytest.fixture(scope="module", params=DATABASES)
def database(request, tmp_path_factory):
    """Django's settings of a new database, on every kind of server that there is."""
    with DATABASES[request.param](tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture(scope="module")
def host(tmp_path_factory, database):
    """A project with the collector alone, migrated."""
    files = {}
    if "mysql" in database["ENGINE"]:
        files["product/__init__.py"] = PYMYSQL
    if "sqlite" in database["ENGINE"]:
        database = {**database, "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20}}
    settings = {"DATABASES": {"default": database}, "INSTALLED_APPS": APPS}
    host = Host(tmp_path_factory.mktemp("host"), files, **settings)
    host.environ["PYTHONPATH"] = str(ROOT)  # scripts here import from tests
    migrated = host.manage("migrate")
    assert migrated.returncode == 0, migrated.stderr
    return host
