from __future__ import annotations

import subprocess
import sys

import pytest

from metric_collection import cleaninsights

PUBLIC = {
    "Answer",
    "Backoff",
    "Batch",
    "Campaign",
    "CleanInsights",
    "CleanInsightsError",
    "Clock",
    "Configuration",
    "ConfigurationError",
    "ConnectionFailed",
    "Consent",
    "ConsentState",
    "DataPoint",
    "Event",
    "EventAggregationRule",
    "Feature",
    "FileStore",
    "MeasurementError",
    "MemoryStore",
    "Pack",
    "PayloadError",
    "Period",
    "ProxyFailed",
    "RequestInvalid",
    "RequestsTransport",
    "Store",
    "StoreError",
    "TLSFailed",
    "TimedOut",
    "Transport",
    "TransportError",
    "Visit",
}


def modules_after(code):
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


def test_the_public_names_are_importable_from_the_package():
    assert set(cleaninsights.__all__) == PUBLIC
    assert all(hasattr(cleaninsights, name) for name in PUBLIC)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        cleaninsights.Nothing  # noqa: B018


def test_importing_all_names_loads_neither_requests_nor_django():
    loaded = modules_after("from metric_collection.cleaninsights import *")
    assert "metric_collection.cleaninsights.client" in loaded
    assert loaded.isdisjoint({"requests", "urllib3", "http.client", "django", "celery"})


def test_a_part_can_be_had_without_the_others():
    loaded = modules_after("import metric_collection.cleaninsights.datapoints")
    ours = {name for name in loaded if name.startswith("metric_collection.")}
    assert ours == {"metric_collection.cleaninsights", "metric_collection.cleaninsights.datapoints"}
