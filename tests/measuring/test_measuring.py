from __future__ import annotations

import json
import subprocess
import sys

import pytest

import metric_collection
from metric_collection import measuring
from metric_collection.measuring.meter import meter


def test_the_functions_are_importable_from_the_package():
    assert metric_collection.measure_event == meter.measure_event
    assert metric_collection.measure_visit == meter.measure_visit


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="measure_all"):
        metric_collection.measure_all  # noqa: B018


def test_importing_them_imports_neither_requests_nor_celery_nor_django():
    source = (
        "import json, sys; from metric_collection import measure_event, measure_visit;"
        "measure_event('c', 'a', 't');"  # before Django is set up: nothing happens
        "print(json.dumps([n for n in ('requests', 'celery', 'django') if n in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert json.loads(ran.stdout) == []


def test_the_last_connected_source_is_used():
    flushed = []
    before = measuring._sources[0], measuring._flushes[0]
    try:
        measuring._sources.clear()
        measuring._flushes.clear()
        assert measuring.ask() is None
        metric_collection.flush()
        measuring.connect(lambda: "first", lambda: flushed.append("first"))
        measuring.connect(lambda: "last", lambda: flushed.append("last"))
        assert measuring.ask() == "last"
        metric_collection.flush()
        assert flushed == ["last"]
    finally:
        measuring.connect(*before)


@pytest.mark.thorough
def test_a_misspelt_name_does_not_pass_a_type_checker(tmp_path):
    pytest.importorskip("mypy", reason='needs the extra "lint"')
    (tmp_path / "product.py").write_text(
        "from metric_collection import flush, measure_event, measure_visit\n"
        "from metric_collection import measure_evnt\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "product.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    (line, _summary) = ran.stdout.splitlines()
    assert "measure_evnt" in line
    assert "attr-defined" in line
