from datetime import date

import pytest

from metric_collection.probes.installed_at import InstalledAt
from metric_collection.reporting.collection import Collection

pytestmark = pytest.mark.django_db


def test_an_install_is_dated_today(clock):
    assert InstalledAt(clock=clock).gather() == {"installed_at": date(2026, 3, 1)}


def test_the_day_does_not_change(clock):
    Collection(clock=clock).record()
    clock.advance(days=40)
    assert InstalledAt(clock=clock).gather() == {"installed_at": date(2026, 3, 1)}


def test_it_is_gathered_where_the_settings_name_it(settings, clock):
    settings.METRIC_COLLECTION_PROBES = [("metric_collection.probes.InstalledAt", {"clock": clock})]
    assert '"action":"installed_at","name":"2026-03-01"' in Collection(clock=clock).record().body
