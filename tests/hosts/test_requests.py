"""A request to the host never waits for the collector: it does not speak to it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from metric_collection.models import Consent, Report
from metric_collection.reporting.collection import Collection
from tests.harness.ports import swallowing

pytestmark = pytest.mark.django_db


def test_no_look_at_the_admin_and_no_choice_contacts_the_collector(settings, admin_client):
    page = reverse("admin:usage_metrics_system_info")
    with swallowing() as collector:
        settings.METRIC_COLLECTION_COLLECTOR_URL = f"http://127.0.0.1:{collector.port}/"
        settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
        Collection().record()
        for path in (reverse("admin:index"), page):
            assert admin_client.get(path).status_code == 200
        for choice in ("on", "off"):
            assert admin_client.post(page, {"choice": choice}).status_code == 302
        assert collector.callers() == 0
    assert Consent.objects.get().choice == Consent.Choice.DENIED
    assert [report.category for report in Report.objects.queued()] == ["Consent Withdrawn"]
