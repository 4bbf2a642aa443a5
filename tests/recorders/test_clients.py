from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metric_collection import measure_event
from metric_collection.measuring.meter import meter
from metric_collection.models import Measurement
from metric_collection.recorders.agents import MOST_VERSIONS
from metric_collection.recorders.checks import MIDDLEWARE
from metric_collection.reporting.flushing import Flusher


@pytest.fixture(autouse=True)
def recording(product):
    pattern = r"(?P<product>acme-cli)/(?P<version>\S+)"
    product.METRIC_COLLECTION_RECORDERS = {"clients": {"campaign": "use", "pattern": pattern}}
    product.ROOT_URLCONF = "tests.recorders.views"
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]


def test_requests_of_the_publishers_clients_are_counted_by_version(recorded):
    client = Client()
    for agent in ["acme-cli/2.0", "acme-cli/2.1", "acme-cli/2.0", "Mozilla/5.0", "acme-cli/\x00"]:
        client.get("/theirs/", headers={"user-agent": agent})
    client.get("/theirs/")
    assert recorded() == {
        ("Clients", "acme-cli", "2.0"): 2,
        ("Clients", "acme-cli", "2.1"): 1,
        ("Clients", "acme-cli", "other"): 1,
    }


@pytest.mark.django_db(transaction=True)
def test_however_many_processes_meet_more_versions_a_period_tells_a_hundred_apart():
    for process in range(3):
        client = Client(headers={"user-agent": "acme-cli/1.0"})
        for number in range(MOST_VERSIONS):
            client.get("/theirs/", headers={"user-agent": f"acme-cli/{process}.{number}"})
        client.get("/theirs/")
        Flusher(meter).flush()
    rows = {row.point.name: row.times for row in Measurement.objects.all()}
    assert len(rows) == MOST_VERSIONS + 1
    assert rows["0.0"] == 1
    assert sum(rows.values()) == 3 * (MOST_VERSIONS + 1)


@pytest.mark.django_db(transaction=True)
def test_no_question_is_asked_of_a_flush_without_clients():
    def statements(category):
        measure_event(category, "acme-cli", "use", "1.0")
        with CaptureQueriesContext(connection) as asked:
            Flusher(meter).flush()
        return len(asked)

    statements("Search")
    assert statements("Clients") == statements("Search") + 1
