from __future__ import annotations

import json

import pytest
from django.db import DatabaseError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from metric_collection.cleaninsights import CleanInsights, StoreError
from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.models import CampaignConsent, Measurement, Report
from metric_collection.stores import DatabaseStore
from tests.cleaninsights import vectors
from tests.cleaninsights.scenarios import run, scenarios

VECTORS = json.loads(vectors.RECORDED.read_text())
DAILY = {
    "start": "2026-01-01T00:00:00Z",
    "end": "2027-01-01T00:00:00Z",
    "aggregationPeriodLength": 1,
    "numberOfPeriods": 100,
}
CONFIGURATION = {
    "server": "https://collector.example/cleaninsights.php",
    "siteId": 5,
    "campaigns": {"search": DAILY, "export": DAILY},
    "persistEveryNTimes": 1,
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(transport, clock):
    client = CleanInsights(CONFIGURATION, DatabaseStore(clock=clock), transport, clock)
    client.grant_campaign("search")
    client.grant_campaign("export")
    return client


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_of_the_reference_comes_out_the_same_from_the_database(name):
    assert run(VECTORS[name]["scenario"], DatabaseStore()) == VECTORS[name]["outcome"]


def test_generated_scenarios_come_out_as_from_memory():
    @hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(scenarios())
    def compare(scenario):
        for table in (CampaignConsent, Measurement, Report):
            table.objects.all().delete()
        assert run(scenario, DatabaseStore()) == run(scenario)

    compare()


def test_what_a_client_has_sent_is_in_the_operators_record(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    client.persist_and_send()
    report = Report.objects.get()
    assert (report.category, report.campaign_id) == ("Usage", "search")
    assert report.state == Report.State.DELIVERED
    assert json.loads(report.body) == transport.sent[0]


def test_each_campaign_has_reports_of_its_own(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    client.measure_visit(["Export", "PDF"], "export")
    clock.advance(days=1)
    client.persist_and_send()
    assert [report.campaign_id for report in Report.objects.order_by("id")] == ["export", "search"]
    assert [len(body) for body in transport.sent] == [2, 2]


def test_what_no_other_worker_may_touch_is_not_sent_twice(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    transport.fail()
    client.persist_and_send()
    report = Report.objects.get()
    report.claim(clock(), FrozenClock.lease) if False else None
