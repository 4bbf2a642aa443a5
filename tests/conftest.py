from __future__ import annotations

import pytest

from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport


@pytest.fixture(autouse=True)
def operators_machine(settings, monkeypatch):
    """Make the app behave as it does in production; the test run that it would notice is our own."""
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    for name in (
        "METRIC_COLLECTION",
        "METRIC_COLLECTION_INSTALLATION_METHOD",
        "DO_NOT_TRACK",
        "CI",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock("2026-03-01T12:34:56Z")


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport()
