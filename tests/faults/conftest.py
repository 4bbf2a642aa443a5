from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaigns import daily
from tests.harness.collector import collecting
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host

# No process waits for the disk, nor a writer for readers: here they are killed, not the machine.
FAST = {"init_command": "PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module", params=DATABASES)
def database(request):
    """Every kind of database that there is."""
    return request.param


@pytest.fixture(scope="module")
def host(tmp_path_factory, database, collector):
    """A migrated product with a campaign."""
    folder = tmp_path_factory.mktemp("host")
    with DATABASES[database](folder) as settings:
        if database == "SQLite":
            settings["OPTIONS"] = FAST
        files = {"product/__init__.py": PYMYSQL} if database == "MariaDB" else {}
        host = Host(folder, files, DATABASES={"default": settings})
        host.configure(
            METRIC_COLLECTION_COLLECTOR_URL=collector.url,
            METRIC_COLLECTION_CAMPAIGNS={"search": daily()},
        )
        host.environ["PYTHONPATH"] = str(ROOT)
        host.manage("migrate").check_returncode()
        yield host
