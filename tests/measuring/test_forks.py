"""Processes that are forked in C, without Python's hooks, as uWSGI does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = """
import ctypes, json, os, sys, types
from pathlib import Path
sys.modules["uwsgi"] = types.ModuleType("uwsgi")
from metric_collection import measure_event, measuring
from metric_collection.measuring.folder import Folder
from metric_collection.measuring.meter import meter
from metric_collection.measuring.policy import Term, Terms
from tests.measuring.conftest import daily
from datetime import datetime, timezone

folder = Folder(Path(sys.argv[1]))
start = datetime(2020, 1, 1, tzinfo=timezone.utc)
campaign = daily(start=start, end=start.replace(year=2100), number_of_periods=1_000_000)
terms = Terms(campaigns={"search": Term.always(campaign)}, place=folder)
measuring.connect(lambda: terms, lambda: None)

measure_event("Search", "Open", "search")
children = []
for _ in range(3):
    if not (child := ctypes.PyDLL(None).fork()):
        for _ in range(100):
            measure_event("Search", "Open", "search")
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
left = [point.times for journal in folder.abandoned() for point in journal.counts()]
print(json.dumps([left, [point.times for point in meter.retire().counts()]]))
"""


def test_each_child_counts_for_itself(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", SOURCE, str(tmp_path / "journals")],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [[100, 100, 100], [1]]
