"""The operator's no, and settings that change: recorders follow both at once."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.consent.choice import choose
from metric_collection.measuring.meter import meter
from metric_collection.models import Consent, Measurement
from metric_collection.recorders.checks import MIDDLEWARE
from metric_collection.reporting.flushing import Flusher


@pytest.fixture(autouse=True)
def recording(product):
    product.METRIC_COLLECTION_RECORDERS = {"requests": "use", "errors": "use"}
    product.ROOT_URLCONF = "tests.recorders.views"
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]
    return product


def ask():
    client = Client(raise_request_exception=False)
    client.get("/shop/items/1")
    client.get("/shop/failing/x")


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_after_a_no():
    choose(Consent.Choice.DENIED, now=utc_now())
    flusher = Flusher(meter)
    ask()
    flusher.flush()  # from here on the process knows
    ask()
    assert not meter.has_counts
    flusher.flush()
    assert not Measurement.objects.exists()


def test_nothing_is_recorded_in_the_tests_of_a_host(recording, recorded):
    recording.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    ask()
    assert recorded() == {}


def test_settings_changed_by_a_test_apply_at_once(recorded):
    with override_settings(METRIC_COLLECTION_CAMPAIGNS={}):
        ask()
        assert recorded() == {}
    ask()
    assert recorded() != {}
