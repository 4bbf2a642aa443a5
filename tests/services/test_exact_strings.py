"""Campaign ids and bodies on databases that ignore case or do not have all of Unicode."""

from __future__ import annotations

import pytest

from tests.harness.databases import DATABASES, PYMYSQL, server
from tests.harness.host import LOADS_CELERY, Host

COUNT = """
from datetime import datetime, timedelta, timezone
from django.db import connection
from metric_collection import measure_event
from metric_collection.models import CampaignConsent, Measurement, Report
from metric_collection.outbox import discard_campaign
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.flushing import flusher
from metric_collection.cleaninsights.clock import utc_now

now = utc_now()
flusher.flush()
for campaign_id in ("use", "Use", "\\u4f7f\\u7528"):
    measure_event("Search", "\\u691c\\u7d22 \\U0001f389", campaign_id)
flusher.flush()
counted = sorted(Measurement.objects.values_list("campaign_id", flat=True))
Collection(clock=lambda: utc_now() + timedelta(days=2)).seal()
discard_campaign("use")
print(json.dumps([counted, sorted(Report.objects.queued().values_list("campaign_id", flat=True))]))
"""
DAILY = {
    "start": "2020-01-01T00:00:00Z",
    "end": "2090-01-01T00:00:00Z",
    "aggregationPeriodLength": 1,
    "numberOfPeriods": 30000,
}


@pytest.fixture(scope="module", params=["utf8mb4", "utf8mb3", "latin1"])
def database(request, tmp_path_factory):
    """A MariaDB database with this character set, and its default collation, which ignores case."""
    pymysql = pytest.importorskip("pymysql", reason='needs the extra "services"')
    with DATABASES["MariaDB"](tmp_path_factory.mktemp("database")) as settings:
        connection = pymysql.connect(
            host=settings["HOST"],
            port=int(settings["PORT"] or 3306),
            user=settings["USER"],
            password=settings["PASSWORD"] or "",
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {settings['NAME']} CHARACTER SET {request.param}")
        yield settings


@pytest.fixture(scope="module")
def host(tmp_path_factory, database):
    server("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test")
    files = dict(LOADS_CELERY)
    files["product/__init__.py"] = PYMYSQL + files["product/__init__.py"]
    host = Host(tmp_path_factory.mktemp("host"), files, DATABASES={"default": database})
    host.configure(
        METRIC_COLLECTION_CAMPAIGNS={
            campaign_id: {"title": campaign_id, "purpose": "To count.", **DAILY}
            for campaign_id in ("use", "Use", "\u4f7f\u7528")
        },
        METRIC_COLLECTION_FACTS={"city": "Z\u00fcrich \u6771\u4eac"},
    )
    migrated = host.manage("migrate")
    assert migrated.returncode == 0, migrated.stderr
    return host


def test_campaigns_whose_ids_differ_in_case_count_apart(host):
    counted, queued = host.django(COUNT)
    assert counted == ["Use", "use", "\u4f7f\u7528"]
    assert queued == ["", "Use", "\u4f7f\u7528"]
