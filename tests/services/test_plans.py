"""The query that claims reports finds them by its index, however long the record and the queue."""

from __future__ import annotations

import re

import pytest

# What SQLite, PostgreSQL and MariaDB call it when they read every row.
WHOLE_TABLE = r'SCAN \w+(?! USING INDEX)\b|TEMP B-TREE|Seq Scan|"access_type": "ALL"'

PLANS = """
from datetime import timedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.models import Report
from metric_collection.reporting.sweep import due_soon

now, (settled, queued) = utc_now(), map(int, sys.argv[1:])
reports = [Report(category="Heartbeat", body="{}", sealed_at=now) for _ in range(settled + queued)]
for age, report in enumerate(reports[:settled]):
    report.state, report.settled_at = Report.State.DELIVERED, now - timedelta(days=age)
Report.objects.all().delete()
Report.objects.bulk_create(reports, batch_size=5000)
with CaptureQueriesContext(connection) as asked:
    Report.objects.next_queued()
    Report.objects.settled_last()
    due_soon(now)
analyze, explain = {
    "sqlite": ("ANALYZE", "EXPLAIN QUERY PLAN"),
    "postgresql": ("ANALYZE", "EXPLAIN"),
    "mysql": ("ANALYZE TABLE", "EXPLAIN FORMAT=JSON"),
}[connection.vendor]
plans = []
with connection.cursor() as cursor:
    cursor.execute(f"{analyze} usage_metrics_report")
    for query in asked:
        cursor.execute(f"{explain} {query['sql']}")
        plans.append(" ".join(str(cell) for row in cursor.fetchall() for cell in row))
print(json.dumps(plans))
"""


@pytest.mark.parametrize(("settled", "queued"), [(2000, 20), (20, 2000)])
def test_what_is_asked_in_every_sweep_finds_reports_by_an_index(host, settled, queued):
    plans = host.django(PLANS, str(settled), str(queued))
    about_reports = [plan for plan in plans if "usage_metrics_report" in plan]
    assert len(about_reports) == 3
    for plan in about_reports:
        assert not re.search(WHOLE_TABLE, plan), plan
