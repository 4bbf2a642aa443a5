from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.core import serializers
from django.db import IntegrityError, connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from metric_collection.models import CampaignConsent, Change, Consent, Report, Snapshot

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 29, 1, 30, 15, 999, tzinfo=timezone.utc)

TO_THE_MS = MOMENT.replace(microsecond=999_000)  # as far as Django writes JSON


@pytest.fixture
def snapshot():
    return Snapshot.objects.create(facts={"a": "1"}, installed_at=MOMENT, heartbeat_due=MOMENT)


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "America/New_York"])
def test_a_moment_is_the_same_in_every_time_zone_setting(settings, snapshot, use_tz, zone):
    settings.USE_TZ, settings.TIME_ZONE = use_tz, zone
    assert Snapshot.objects.get().installed_at == MOMENT.replace(microsecond=0)
    assert Snapshot.objects.filter(heartbeat_due__lte=MOMENT).exists()


@pytest.mark.parametrize("form", ["json", "jsonl", "xml"])
def test_rows_survive_dumpdata_and_loaddata(snapshot, form):
    rows = [
        snapshot,
        Consent.objects.create(declined_groups=["counts"], decided_at=MOMENT),
        Change.objects.create(category="Install", recorded_at=MOMENT, changes={"a": [None, "1"]}),
        Report.objects.create(category="Heartbeat", body="{}", sealed_at=MOMENT),
        CampaignConsent.objects.create(campaign_id="a", start=TO_THE_MS, end=TO_THE_MS),
    ]
    for row in rows:
        row.refresh_from_db()
    loaded = [
        each.object for each in serializers.deserialize(form, serializers.serialize(form, rows))
    ]
    assert [model_to_dict(row) for row in loaded] == [model_to_dict(row) for row in rows]
    assert loaded[0].installed_at == MOMENT.replace(microsecond=0)
    assert loaded[4].start == TO_THE_MS


def test_no_moment_is_none():
    Consent.objects.create()
    assert Consent.objects.get().decided_at is None


def test_the_database_refuses_a_second_snapshot(snapshot):
    with pytest.raises(IntegrityError):
        Snapshot.objects.create(id=2, facts={}, installed_at=MOMENT, heartbeat_due=MOMENT)


def test_of_two_readers_of_a_snapshot_the_first_to_write_wins(snapshot):
    first, second = Snapshot.objects.get(), Snapshot.objects.get()
    assert first.advance(facts={"a": "2"})
    assert not second.advance(facts={"a": "3"})
    assert Snapshot.objects.get().facts == {"a": "2"}


def test_the_row_is_made_once_and_can_be_locked():
    Consent.objects.ensure()
    Consent.objects.ensure()
    assert Consent.objects.locked().choice == Consent.Choice.UNKNOWN
    assert Consent.objects.count() == 1


def test_rows_have_a_readable_form(snapshot):
    report = Report(category="Heartbeat", body="{}")
    assert str(snapshot) == "1 facts, heartbeat due 2026-03-29 01:30 UTC"
    assert str(Change(category="Install", recorded_at=MOMENT)) == "Install, 2026-03-29"
    assert str(report) == f"Heartbeat {report.key}"
    assert str(Consent()) == "Usage metrics"


def plan_of(ask) -> str:
    with CaptureQueriesContext(connection) as captured:
        ask()
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + captured[0]["sql"])
        return " ".join(str(row) for row in cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda: Report.objects.queued().first(), "usage_metrics_report_queue"),
        (lambda: Report.objects.next_queued(after=Report(pk=5)), "usage_metrics_report_queue"),
        (lambda: list(Report.objects.settled_before(MOMENT)), "usage_metrics_report_settled"),
        (Report.objects.settled_last, "usage_metrics_report_settled"),
    ],
)
def test_each_query_of_a_sweep_uses_its_index(ask, index):
    plan = plan_of(ask)
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_the_report_settled_last_is_found_with_others_queued():
    moments = [MOMENT, MOMENT + timedelta(1), None]
    Report.objects.bulk_create(
        Report(body=str(place), sealed_at=MOMENT, settled_at=settled_at)
        for place, settled_at in enumerate(moments)
    )
    assert Report.objects.settled_last().body == "1"


def test_a_report_that_was_deleted_cannot_be_read_again():
    report = Report.objects.create(category="Heartbeat", body="{}", sealed_at=MOMENT)
    assert report.reread()
    Report.objects.all().delete()
    assert not report.reread()
