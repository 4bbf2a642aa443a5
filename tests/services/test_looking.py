"""The System Info page is read alike, and with as few queries, on every database."""

from __future__ import annotations

import pytest

from tests.harness import admin

LOOK = """
from datetime import timedelta
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from metric_collection.consent import campaigns as windows
from metric_collection.models import measurement as measurements
from metric_collection.system_info import page as pages
from metric_collection.system_info.campaigns import usages
from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.models import Consent, Measurement, Report
from metric_collection.models.transactions import held

now = utc_now()
span = {"start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z", "aggregationPeriodLength": 7}
settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
settings.METRIC_COLLECTION_CAMPAIGNS = {f"campaign {n:02}": span for n in range(20)}
Measurement.objects.all().delete()
Report.objects.all().delete()
for n, (name, declared) in enumerate(campaigns().items()):
    period = declared.campaign.current_period(now)
    place = {"campaign_id": name, "period_start": period.start, "period_end": period.end}
    with held():
        measurements.count(
            (declared.campaign, Event(category="Search", action=str(kind), times=kind + 1, **place))
            for kind in range(n)
        )
for day in range(90):
    for state in ("queued", "delivered"):
        Report.objects.create(category="Heartbeat", body="{}", sealed_at=now, settled_at=now,
                              state=state)
consent = Consent.objects.current()
with CaptureQueriesContext(connection) as asked:
    page = pages.page(consent, now=now, started_at=now)
with CaptureQueriesContext(connection) as counted:
    campaigns = usages(consent, now=now)
print(json.dumps({
    "queries": len(asked),
    "counted": len(counted),
    "kinds": [usage.tally.kinds for usage in campaigns],
    "times": [int(usage.tally.times) for usage in campaigns],
    "first": [usage.tally.lines.splitlines()[0] for usage in campaigns if usage.tally.kinds],
    "shown": [len(usage.tally.points) for usage in campaigns],
    "listed": [entry.report.pk for entry in page.reports.entries],
    "newest": list(Report.objects.order_by("-pk").values_list("pk", flat=True)[:10]),
    "numbers": page.reports.numbers,
}))
"""


@pytest.mark.thorough
def test_the_page_is_read_alike_on_every_database(host):
    told = host.django(LOOK)
    assert (told["queries"], told["counted"]) == (7, 2)
    assert told["kinds"] == [*range(20)]
    assert told["times"] == [sum(range(1, n + 1)) for n in range(20)]
    assert told["first"] == [f"Search / {n - 1}: {n}" for n in range(1, 20)]
    assert told["shown"] == [min(n, 5) for n in range(20)]
    assert told["listed"] == told["newest"]
    assert told["numbers"] == {"queued": 90, "delivered": 90}


LOOK_WITH_A_BROKEN_FACT = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse


def broken():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


settings.METRIC_COLLECTION_FACTS = {"Broken": broken, "Sound": "fine"}
settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
client = Client()
client.force_login(get_user_model().objects.create_superuser("one"))
page = client.get(reverse("admin:usage_metrics_system_info"))
index = client.get(reverse("admin:index"))
print(json.dumps([page.status_code, "fine" in page.content.decode(), index.status_code,
                  "Keep on" in index.content.decode()]))
"""
LOOK_WITHOUT_OUR_TABLES = """
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

client = Client()
client.force_login(get_user_model().objects.create_superuser("two"))
with connection.schema_editor() as editor:
    editor.alter_db_table(None, "usage_metrics_consent", "gone")
with transaction.atomic():
    index = client.get(reverse("admin:index"))
    users = get_user_model().objects.count()
with connection.schema_editor() as editor:
    editor.alter_db_table(None, "gone", "usage_metrics_consent")
print(json.dumps([index.status_code, "Keep on" in index.content.decode(), users > 0]))
"""


@pytest.fixture
def atomic_host(host):
    """The host with an admin, whose requests are transactions."""
    host.write({"product/urls.py": admin.URLS})
    databases = {
        alias: {**values, "ATOMIC_REQUESTS": True}
        for alias, values in host.settings["DATABASES"].items()
    }
    host.configure(
        **admin.SETTINGS,
        INSTALLED_APPS=["metric_collection", *admin.APPS, "django.contrib.admin"],
        DATABASES=databases,
    )
    assert host.manage("migrate").returncode == 0
    return host


@pytest.mark.thorough
def test_a_failing_fact_takes_neither_page_nor_index_down(atomic_host):
    assert atomic_host.django(LOOK_WITH_A_BROKEN_FACT) == [200, True, 200, True]


@pytest.mark.thorough
def test_the_index_of_the_admin_works_without_our_tables(atomic_host):
    assert atomic_host.django(LOOK_WITHOUT_OUR_TABLES) == [200, False, True]
