"""The product of the README, run as a person runs it, and the parts of its demo."""

import importlib
import io
import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management.base import OutputWrapper
from django.core.management.color import no_style
from django.db import connection

from metric_collection.models import Consent, Report

PROJECT = Path(__file__).parents[1] / "example_project"
MANAGE = PROJECT / "manage.py"
SLEEP = "import time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def manage(tmp_path):
    """Run a management command of the example project, from a folder that is not its own."""

    inherited = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, MANAGE, *arguments],
            cwd=tmp_path,
            env={**inherited, "RACKBOOK_VAR": str(tmp_path / "var"), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


@pytest.mark.thorough
@pytest.mark.long
def test_the_demo_shows_every_report_and_leaves_nothing_behind(manage, tmp_path):
    demo = manage(
        "demo", "--no-serve", DO_NOT_TRACK="1", DATABASE_URL="postgres://127.0.0.1:9/none"
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    told = [word for word in ("Install:", "Heartbeat:", "Upgrade:") if word in demo.stdout]
    assert told == ["Install:", "Heartbeat:", "Upgrade:"]
    assert "1.5.0 (was 1.4.2)" in demo.stdout
    assert demo.stdout.rstrip().endswith("0 requests at the collector.")
    assert not list((tmp_path / "var").glob("demo-*"))


@pytest.fixture
def part(monkeypatch):
    """part(name) -> a module of the demo."""
    monkeypatch.syspath_prepend(str(PROJECT))
    return lambda name: importlib.import_module(f"demo.{name}")


@pytest.fixture
def terminal(part):
    return part("terminal").Terminal(OutputWrapper(io.StringIO()), no_style())


@pytest.fixture
def delivered(part):
    """delivered(version) -> an upgrade to that version, as the record has it."""

    def delivered(version):
        facts = {"Rackbook Version": "2.3.0", "rackbook-labels": version}
        events = [
            {"category": "Upgrade", "action": name, "name": value, "period_start": 1701388800}
            for name, value in facts.items()
        ]
        return part("record").Sent(body={"idsite": 5, "events": events}, size=300, status=204)

    return delivered


def test_the_demo_builds_releases_that_are_found_as_installed(part, tmp_path):
    for version in ("1.4.2", "1.5.0"):
        wheel = part("wheels").build("rackbook-labels", version, into=tmp_path)
        (found,) = distributions(path=[str(wheel)])
        assert (found.name, found.version) == ("rackbook-labels", version)
        package = [path for path in found.files if path.parts[0] == "rackbook_labels"]
        assert package
        assert all(path.hash.value and path.size == len(path.read_binary()) for path in package)


def test_the_demo_shows_a_report_and_what_has_changed(terminal, delivered):
    terminal.show(delivered("1.5.0"), delivered("1.4.2").facts)
    shown = terminal.stdout._out.getvalue()
    assert "Upgrade: 2 facts of 2023-12-01, 00:00 UTC, 300 bytes, answered 204" in shown
    assert "1.5.0 (was 1.4.2)" in shown
    assert "2.3.0 (was" not in shown


@pytest.mark.django_db(transaction=True)
def test_the_demo_reads_what_was_delivered_from_the_record(part, tmp_path, clock):
    sent = part("record").sent
    assert sent(tmp_path / "none") == []
    body = '{"events": [{"category": "Install", "action": "a", "name": "é"}]}'
    for state in ("queued", "delivered"):
        Report.objects.create(
            category="Install", body=body, sealed_at=clock(), state=state, status=204
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(tmp_path / "rackbook.sqlite3")])
    (report,) = sent(tmp_path / "rackbook.sqlite3")
    assert (report.category, report.facts, report.status) == ("Install", {"a": "é"}, 204)
    assert report.size == len(body) + 1


def test_the_machine_of_the_demo_ignores_the_callers_settings(part, tmp_path, monkeypatch):
    for name in ("DO_NOT_TRACK", "DATABASE_URL", "METRIC_COLLECTION_SITE_ID", "DJANGO_DEBUG"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LANG", "C")
    environment = part("machine").environment(tmp_path)
    assert (environment["RACKBOOK_VAR"], environment["LANG"]) == (str(tmp_path), "C")
    assert not [
        name for name in environment if name.startswith(("DO_", "DATABASE", "METRIC", "DJ"))
    ]


def test_the_machine_of_the_demo_ends_what_it_started_and_notices_failures(part, tmp_path):
    machine = part("machine")
    with machine.Machine(tmp_path) as ours:
        ours.start("sleeper", sys.executable, "-c", SLEEP)
        assert ours.await_line("sleeper", "up") == "up"
        sleeper = ours.processes["sleeper"]
        with pytest.raises(machine.DemoError, match="broken failed"):
            ours.run("broken", sys.executable, "-c", "print('why'); raise SystemExit(1)")
        assert "--- broken.log\nwhy" in ours.last_words()
    assert sleeper.returncode is not None
    assert ours.processes == {}


def test_the_demo_fails_when_a_request_arrives_that_should_not(part, terminal):
    class Collector:
        received = staticmethod(lambda: 1)

    story = part("story").Story(machine=None, collector=Collector, terminal=terminal)
    with pytest.raises(
        part("machine").DemoError, match="Nothing was to arrive, but 1 requests did"
    ):
        story.expect_silence()
    story.received = 1
    story.expect_silence()
    assert "0 requests at the collector." in terminal.stdout._out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_operator_of_the_demo_is_asked_and_switches_metrics_off(part, live_server, settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    get_user_model().objects.create_superuser("operator", password="secret")
    operator = part("operator").Operator(live_server.url, "operator", "secret")
    assert operator.is_asked()
    operator.switch_off()
    assert Consent.objects.current().choice == Consent.Choice.DENIED
    assert not operator.is_asked()
    operator.session.close()


def test_the_settings_of_the_example_pass_every_check(manage):
    check = manage("check", "--fail-level", "WARNING")
    assert check.returncode == 0, check.stderr


def test_the_settings_of_the_publishers_collector_pass_every_check(manage):
    environment = {"PUBLISHER_SECRET_KEY": "x" * 60, "PUBLISHER_VAR": "."}
    check = manage(
        "check", "--fail-level", "WARNING", "--settings", "publisher.settings", **environment
    )
    assert check.returncode == 0, check.stderr
