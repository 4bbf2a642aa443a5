from __future__ import annotations

import pytest

from tests.harness.collector import collecting
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import LOADS_CELERY, Host


@pytest.fixture(scope="module")
def collector(database):
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module", params=DATABASES)
def database(request, tmp_path_factory):
    """Django's settings of a new database, on every kind of server that there is."""
    with DATABASES[request.param](tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture(scope="module")
def host(tmp_path_factory, collector, database):
    """A product with a Celery app whose reports go to `collector`, migrated."""
    files = dict(LOADS_CELERY)
    if "mysql" in database["ENGINE"]:
        files["product/__init__.py"] = PYMYSQL + files["product/__init__.py"]
    host = Host(tmp_path_factory.mktemp("host"), files, DATABASES={"default": database})
    host.configure(METRIC_COLLECTION_COLLECTOR_URL=collector.url)
    migrated = host.manage("migrate")
    assert migrated.returncode == 0, migrated.stderr
    return host
