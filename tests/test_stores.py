from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from metric_collection.cleaninsights import CleanInsights, StoreError
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.consent import choose
from metric_collection.models import CampaignConsent, Consent, Measurement, Report
from metric_collection.stores import LEASE, DatabaseStore, pack, state_folder
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

TODAY = datetime(2026, 3, 1, tzinfo=timezone.utc)
EVENT = Event(
    category="Search",
    action="Open",
    campaign_id="search",
    period_start=TODAY,
    period_end=TODAY + timedelta(days=1),
)

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


def in_whole_seconds(scenario):
    """Cut the moments of a scenario as the rows of the outbox do, in which a backoff is kept."""
    steps = [
        [what, rest[0] // 1000 * 1000] if what == "go" else [what, *rest]
        for what, *rest in scenario["steps"]
    ]
    return {**scenario, "steps": steps}


def test_generated_scenarios_come_out_as_from_memory():
    @hypothesis_settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios().map(in_whole_seconds))
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


def test_what_a_worker_is_posting_is_left_to_it(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    transport.fail()
    client.persist_and_send()
    Report.objects.get().claim(clock(), timedelta(days=1))
    clock.advance(hours=1)
    client.persist_and_send()
    assert transport.sent == []


def test_of_two_clients_only_one_sends(clock):
    class SlowTransport(RecordingTransport):
        def post(self, *given, **named):
            other.persist_and_send()
            return super().post(*given, **named)

    transport = SlowTransport()
    client, other = (
        CleanInsights(CONFIGURATION, DatabaseStore(clock=clock), transport, clock) for _ in range(2)
    )
    for campaign_id in ("search", "export"):
        client.grant_campaign(campaign_id)
        client.measure_event("Search", "Open", campaign_id)
    clock.advance(days=1)
    client.persist_and_send()
    assert len(transport.requests) == 2
    assert len({request.headers["Idempotency-Key"] for request in transport.requests}) == 2


def test_what_a_killed_client_was_sending_is_sent_once_its_lease_is_over(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    killed = DatabaseStore(clock=clock).seal(clock(), ["search"], pack)
    client.persist_and_send()
    assert transport.requests == []
    clock.advance(LEASE.total_seconds())
    client.persist_and_send()
    (request,) = transport.requests
    assert (request.headers["Idempotency-Key"], request.body) == (killed.key, killed.body)


def test_a_failure_is_held_back_by_what_the_server_asks(client, clock, transport):
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    transport.answer(503, retry_after=600)
    client.persist_and_send()
    clock.advance(599)
    client.persist_and_send()
    assert len(transport.requests) == 1
    clock.advance(1)
    client.persist_and_send()
    assert len(transport.sent) == 1


def test_a_failure_after_an_opt_out_leaves_nothing_to_hold_back(client, clock):
    class Declined(RecordingTransport):
        def post(self, *given, **named):
            choose(Consent.Choice.DENIED, now=clock())
            return super().post(*given, **named)

    transport = Declined()
    client = CleanInsights(CONFIGURATION, DatabaseStore(clock=clock), transport, clock)
    client.measure_event("Search", "Open", "search")
    clock.advance(days=1)
    transport.fail()
    client.persist_and_send()
    assert not Report.objects.exists()


def test_a_database_that_fails_is_a_store_error_and_loses_nothing(client, clock, transport):
    def fail(*_):
        raise DatabaseError("the server has gone away")

    with connection.execute_wrapper(fail):
        with pytest.raises(StoreError, match="gone away"):
            DatabaseStore().backoff()
        store = DatabaseStore()
        store.merge(client.configuration.campaigns["search"], EVENT)
        with pytest.raises(StoreError):
            store.persist()
    store.persist()
    assert Measurement.objects.get().times == 1


def test_nobody_was_asked_about_an_unknown_subject():
    assert DatabaseStore().consent("campaign/search") is None


def test_a_forked_child_leaves_what_was_merged_to_its_parent(client):
    store = DatabaseStore()
    store.merge(client.configuration.campaigns["search"], EVENT)
    if (child := os.fork()) == 0:
        store._of_this_process()
        os._exit(len(store._merged))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_two_databases_in_files_have_folders_of_their_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(connection.settings_dict, "NAME", "db.sqlite3")
    here = state_folder()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    assert state_folder() == here
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "other.sqlite3"))
    assert state_folder() != here


def test_a_database_on_a_server_has_one_folder_wherever_a_process_works(monkeypatch, tmp_path):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    here = state_folder()
    monkeypatch.chdir(tmp_path)
    assert state_folder() == here
