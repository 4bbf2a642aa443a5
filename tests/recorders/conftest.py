from __future__ import annotations

import math
from collections import Counter

import pytest

from metric_collection import receivers
from metric_collection.measuring.meter import meter
from metric_collection.reporting.flushing import Flusher
from tests.campaigns import ALWAYS, daily


@pytest.fixture(autouse=True)
def product(settings, tmp_path, monkeypatch):
    """A product with one campaign and no recorder yet, whose packages are these tests; nothing is flushed."""
    monkeypatch.setattr(receivers, "flusher", Flusher(meter, monotonic=lambda: math.nan))
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(**ALWAYS)}
    settings.METRIC_COLLECTION_PACKAGES = ["tests"]
    meter.reset()
    yield settings
    meter.reset()


@pytest.fixture
def journal():
    """Return a function that returns the journal since then, or None."""
    return meter.retire


@pytest.fixture
def recorded(journal):
    """Return a function that counts the events since then by category, action and name."""

    def recorded() -> dict[tuple[str, str, str], int]:
        found = journal()
        counts: Counter = Counter()
        for point in found.counts() if found else ():
            counts[point.identity] += point.times
        return dict(counts)

    return recorded
