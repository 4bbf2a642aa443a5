from __future__ import annotations

import os

import hypothesis
import pytest

from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport
from tests.hostile.strategies import examples

hypothesis.settings.register_profile("tests", examples(30))
hypothesis.settings.load_profile("tests")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: the tests of real processes spend their time waiting."""
    return min((os.cpu_count() or 1) + 1, 8)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items) -> None:
    """Let long tests begin while there are others to run beside them; sorting keeps the random order."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if os.environ.get("TEST_FAULTS") != "all":
        skip = pytest.mark.skip(reason="it is slow; set TEST_FAULTS=all")
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def operators_machine(settings, monkeypatch):
    """Make the app behave as it does in production; the test run that it would notice is our own."""
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    for name in (
        "METRIC_COLLECTION",
        "METRIC_COLLECTION_INSTALLATION_METHOD",
        "DO_NOT_TRACK",
        "CI",
        "TF_BUILD",
        "TEAMCITY_VERSION",
        "JENKINS_URL",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock("2026-03-01T12:34:56Z")


@pytest.fixture
def transport() -> RecordingTransport:
    return RecordingTransport()
