"""The reference SDK, with the store that browsers use, as a client of a real collector."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.cleaninsights.reference import VARIABLE, why_not

SCRIPT = Path(__file__).with_name("sdk.js")


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_reports_of_the_reference_sdk_are_counted_and_shown(embedded, running):
    start = datetime.now(timezone.utc) - timedelta(days=3)
    modules = str(Path(os.environ[VARIABLE]).resolve())
    server = f"{embedded.url}/cleaninsights.php"
    command = ["node", str(SCRIPT), modules, server, str(int(start.timestamp() * 1000))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["tested"] is None, "its test of the server expects 400 to an empty body"
    assert [status for status, _body in result["sent"]] == [204]
    embedded.manage("metric_collector", "work", "--once")
    usage = json.loads(embedded.manage("metric_collector", "show", "5", "--json").stdout)["usage"]
    shown = [(u["category"], u["action"], u["name"], u["times"], u["value_sum"]) for u in usage]
    assert ("music", "play", "Größe", 2, 3.0) in shown
    assert ("Visit", "Main/Settings", None, 1, 0.0) in shown
