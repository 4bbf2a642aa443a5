"""The product of the README, run as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).parents[1] / "example_project" / "manage.py"


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


def test_the_settings_of_the_example_pass_every_check(manage):
    check = manage("check", "--fail-level", "WARNING")
    assert check.returncode == 0, check.stderr


def test_the_settings_of_the_publishers_collector_pass_every_check(manage):
    environment = {"PUBLISHER_SECRET_KEY": "x" * 60, "PUBLISHER_VAR": "."}
    check = manage(
        "check", "--fail-level", "WARNING", "--settings", "publisher.settings", **environment
    )
    assert check.returncode == 0, check.stderr
