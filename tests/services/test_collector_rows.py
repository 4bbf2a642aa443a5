"""PostgreSQL keeps with each row the transaction that wrote it last: what a reader of ``xmin`` learns."""

from __future__ import annotations

from tests.collector.counting.readers import by_transaction
from tests.harness.databases import DATABASES
from tests.harness.host import Host

APPS = ["django.contrib.contenttypes", "django.contrib.auth", "metric_collection.collector"]
COUNT = """
import json, random
from datetime import datetime, timedelta, timezone
from django.core.management import call_command
from django.db import connection
from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.door import inbox
from metric_collection.collector.models import Site, Value

call_command("migrate", verbosity=0)
Site.objects.create(id=5, name="Acme", slug="acme")
now = datetime(2026, 3, 4, 12, tzinfo=timezone.utc)
chance = random.Random(4)
names = ["Acme Version", "os_version", "database", "python", "users"]
for number in range(40):
    last = {name: f"1.{int(chance.paretovariate(0.7))}.0" for name in names}
    events = [
        {"category": "Heartbeat", "action": name, "name": text, "value": 1, "times": 1,
         "period_start": int(now.timestamp()), "period_end": int(now.timestamp())}
        for name, text in {**last, "first_report_of": "day week month"}.items()
    ]
    body = json.dumps({"idsite": 5, "events": events}).encode()
    inbox.put(site_id=5, key=None, body=body, source="door", now=now)
    rollup.roll_up(lambda: now)

def rows():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text::bigint, fact_id, value_id, n FROM usage_metrics_collector_cell"
            " WHERE span = 'D' AND start = '2026-03-04'"
        )
        return cursor.fetchall()

before = rows()
texts = {value.pk: [value.fact.name, value.text] for value in Value.objects.select_related("fact")}
settling.settle((now + timedelta(days=4)).date())
print(json.dumps([before, rows(), texts, last]))
"""


def test_transaction_ids_give_the_last_reporter_away_until_the_day_settles(tmp_path):
    with DATABASES["PostgreSQL"](tmp_path) as database:
        host = Host(tmp_path, INSTALLED_APPS=APPS, DATABASES={"default": database})
        before, after, texts, last = host.django(COUNT)
    found = [
        {tuple(texts[str(value)]) for _, value in vector}
        for vector in by_transaction(map(tuple, before))
    ]
    assert set(last.items()) in found
    assert by_transaction(map(tuple, after)) == []
    assert len({mark for mark, *_ in after}) == 1
