"""The programs of docs/sdk.rst run as they are printed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from metric_collection import cleaninsights
from metric_collection.cleaninsights import CleanInsights, Configuration, FileStore
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.rst").read_text()
BLOCK = re.compile(r"^\.\. code-block:: (?:python|text)\n\n((?: .*\n|\n)+)", re.MULTILINE)
CONFIGURATION, *PROGRAMS = (dedent(block) for block in BLOCK.findall(PAGE))


@pytest.fixture
def folder(tmp_path):
    """A folder with the programs and their configuration, which names a port that nobody listens on."""
    for program in PROGRAMS:
        tmp_path.joinpath(program.partition("\n")[0].removeprefix("# ")).write_text(program)
    server = {"server": "http://127.0.0.1:9/cleaninsights.php"}
    (tmp_path / "cleaninsights.json").write_text(json.dumps(json.loads(CONFIGURATION) | server))
    return tmp_path


@pytest.fixture
def counted(folder):
    """Grant consent for the programs; return a function that reads what they have counted."""
    state = folder / ".local" / "state" / "acme"
    state.mkdir(parents=True)
    configuration = Configuration.from_file(folder / "cleaninsights.json")
    CleanInsights(configuration, FileStore(state / "usage")).grant_campaign("usage")

    def counted():
        later, server = FrozenClock(time.time() + 30 * 86_400), RecordingTransport()
        CleanInsights(configuration, FileStore(state / "usage"), server, later).persist_and_send()
        (body,) = server.sent
        return body

    return counted


def run(folder, name):
    environment = os.environ | {"HOME": str(folder)}
    command = [sys.executable, name]
    return subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL)


def test_the_script_counts_a_run_and_asks_nobody_without_a_terminal(folder, counted):
    assert run(folder, "script.py").wait(30) == 0
    assert [event["times"] for event in counted()["events"]] == [1]


def test_the_daemon_counts_until_it_is_stopped(folder, counted):
    with run(folder, "daemon.py") as daemon:
        state = folder / ".local" / "state" / "acme" / "usage-sending"
        while not state.exists():  # it is sending, so it is running
            time.sleep(0.02)
        time.sleep(0.3)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(10) == 0
    assert counted()["events"][0]["times"] >= 1


def test_the_processes_share_a_store(folder, counted):
    assert run(folder, "processes.py").wait(30) == 0
    assert len(counted()["visits"]) == 4


def load(folder, name):
    names: dict = {}
    exec(compile((folder / name).read_text(), name, "exec"), names)
    return names


def test_the_store_keeps_consent_in_the_preferences(folder):
    preferences: dict = {}
    store = load(folder, "store.py")["PreferencesStore"](preferences)
    CleanInsights(json.loads(CONFIGURATION), store).grant_campaign("usage")
    assert [*preferences] == ["campaign/usage"]


def test_the_transport_writes_bodies_into_a_folder(folder):
    clock, spool = FrozenClock("2026-03-01"), folder / "spool"
    spool.mkdir()
    transport = load(folder, "transport.py")["SpoolTransport"](spool)
    insights = CleanInsights(json.loads(CONFIGURATION), transport=transport, clock=clock)
    insights.grant_campaign("usage")
    insights.measure_event("Commands", "Run", "usage")
    clock.advance(days=8)
    insights.persist_and_send()
    (body,) = spool.iterdir()
    assert json.loads(body.read_text())["events"][0]["times"] == 1
    assert insights.test_server()


def test_the_test_passes(folder, monkeypatch):
    monkeypatch.chdir(folder)
    load(folder, "test_usage.py")["test_usage_is_sent_once_the_week_is_over"]()


@pytest.mark.parametrize("key", [key for key in json.loads(CONFIGURATION) if key != "campaigns"])
def test_the_keys_of_the_example_are_documented(key):
    assert f"``{key}``" in PAGE


def test_every_method_of_the_client_is_documented():
    methods = {name for name in vars(cleaninsights.CleanInsights) if not name.startswith("_")}
    assert all(f"``{name}``" in PAGE for name in methods)
