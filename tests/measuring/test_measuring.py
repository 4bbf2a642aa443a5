from __future__ import annotations

import json
import subprocess
import sys

import pytest

import metric_collection
from metric_collection import measuring
from metric_collection.measuring.meter import meter


def test_what_measures_is_had_from_the_package():
    assert metric_collection.measure_event == meter.measure_event
    assert metric_collection.measure_visit == meter.measure_visit


def test_nothing_else_is():
    with pytest.raises(AttributeError, match="measure_all"):
        metric_collection.measure_all  # noqa: B018


def test_importing_it_imports_neither_requests_nor_celery_nor_django():
    source = (
        "import json, sys; from metric_collection import measure_event, measure_visit;"
        "measure_event('c', 'a', 't');"  # before Django is set up: nothing happens
        "print(json.dumps([n for n in ('requests', 'celery', 'django') if n in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert json.loads(ran.stdout) == []


def test_the_terms_are_asked_for_where_was_connected_last():
    before = list(measuring._sources)
    try:
        measuring._sources.clear()
        assert measuring.ask() is None
        measuring.connect(lambda: "first")
        measuring.connect(lambda: "last")
        assert measuring.ask() == "last"
    finally:
        measuring._sources[:] = before
