"""Migrations go forwards and backwards on every database, keep its rows and leave its tables where they are."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.thorough

ROWS = """
from datetime import datetime, timezone
from metric_collection.models import Consent, Report, Snapshot

now = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
if "write" in sys.argv:
    Consent.objects.update_or_create(pk=1, defaults={"choice": "granted", "decided_at": now})
    Report.objects.all().delete()
    Report.objects.bulk_create(
        Report(category="Heartbeat", body='{"é": %d}' % number, sealed_at=now) for number in range(500)
    )
print(json.dumps([[list(map(str, row)) for row in model.objects.order_by("pk").values_list()]
                  for model in (Consent, Report, Snapshot)]))
"""
# Each of them keeps a table that is built anew in another place.
PLACES = """
from django.db import connection
place = {
    "sqlite": "SELECT rootpage FROM sqlite_master WHERE name = %s",
    "postgresql": "SELECT pg_relation_filenode(%s::regclass)",
    "mysql": "SELECT table_id FROM information_schema.innodb_sys_tables"
             " WHERE name = CONCAT(DATABASE(), '/', %s)",
}[connection.vendor]
places = {}
with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        if table.startswith(sys.argv[1]):
            cursor.execute(place, [table])
            (places[table],) = cursor.fetchone()
print(json.dumps(places))
"""


@pytest.fixture
def migrate(host):
    def migrate(*arguments):
        ended = host.manage("migrate", *arguments)
        assert ended.returncode == 0, ended.stderr

    yield migrate
    migrate()


def test_back_to_the_first_and_forwards_again_every_row_is_as_it_was(host, migrate):
    before = host.django(ROWS, "write")
    places = host.django(PLACES, "usage_metrics")
    assert len(before[1]) == 500
    assert len(places) > 5
    migrate("usage_metrics", "0001")
    migrate("usage_metrics")
    assert host.django(ROWS) == before
    assert host.django(PLACES, "usage_metrics") == places


def test_all_the_way_back_nothing_is_left_and_nothing_else_is_touched(host, migrate):
    others = host.django(PLACES, "auth")
    migrate("usage_metrics", "zero")
    assert host.django(PLACES, "usage_metrics") == {}
    assert host.django(PLACES, "auth") == others
    migrate()
    _consent, reports, snapshot = host.django(ROWS)
    assert [len(reports), len(snapshot)] == [1, 1]
