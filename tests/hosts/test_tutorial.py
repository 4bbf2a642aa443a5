"""The tutorial is followed as a newcomer would, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest

from tests.cleaninsights.loopback import free_port
from tests.harness.host import FOREIGN
from tests.harness.process import Process

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "index.rst").read_text()
BLOCK = re.compile(r"^\.\. code-block:: (console|python)\n\n((?: .*\n|\n)+)", re.MULTILINE)
NEEDS_A_PERSON = ("python -m venv", "python -m pip", "createsuperuser", "runserver")


class Newcomer:
    """Types the commands of the tutorial and appends its settings, block by block."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.env = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
        self.env["PYTHONPATH"] = str(Path(__file__).parents[2])
        self.answers: dict[str, subprocess.CompletedProcess[str]] = {}

    def follow(self, page: str) -> None:
        for language, block in BLOCK.findall(page):
            if language == "python":
                with (self.folder / "acme" / "settings.py").open("a") as settings:
                    settings.write(dedent(block))
            else:
                for line in re.findall(r"^ +\$ (.+)$", block, re.MULTILINE):
                    self.type(line)

    def type(self, line: str) -> None:
        if line.startswith("echo "):
            text, path = re.fullmatch(r"echo '(.+)' > (\S+)", line).groups()
            (self.folder / path).write_text(text + "\n")
        elif not any(each in line for each in NEEDS_A_PERSON):
            words = shlex.split(line)
            command = words[1:] if words[0] == "python" else ["-m", "django", *words[1:]]
            if "--bind" in command:
                self.run_beside([sys.executable, "-u", *command])
                return
            self.answers[line] = subprocess.run(  # noqa: PLW1510
                [sys.executable, *command],
                cwd=self.folder,
                env=self.env,
                capture_output=True,
                text=True,
            )

    def run_beside(self, command: list[str]) -> None:
        """Run the collector, as if in a second terminal."""
        log = self.folder / "collector.log"
        process = Process(command, log, cwd=self.folder, env=self.env)
        self.stack.enter_context(process).await_line("Reports are received at")


@pytest.fixture
def newcomer(tmp_path):
    with ExitStack() as stack:
        yield Newcomer(tmp_path, stack)


@pytest.mark.thorough
def test_the_tutorial_leads_to_a_report_a_number_and_an_opt_out(newcomer):
    newcomer.follow(PAGE.replace("8899", str(free_port())))
    answers = newcomer.answers
    status = answers["python manage.py metric_collection status"]
    assert status.returncode == 3
    assert "DEBUG" in status.stdout
    preview = answers["python manage.py metric_collection preview --json"].stdout
    facts = {event["action"] for event in json.loads(preview)["events"]}
    assert {"Acme Version", "Django", "os_version"} <= facts
    assert "delivered" in answers["python manage.py metric_collection reports"].stdout.lower()
    shown = answers[
        "python -m metric_collection.collector --data collector -- metric_collector show 5"
    ]
    assert "installs 1" in shown.stdout
    assert answers["python manage.py check --fail-level WARNING"].returncode == 0
    dictionary = answers["python manage.py metric_collection dictionary"].stdout
    assert "The edition of Acme." in dictionary
    assert answers["python manage.py metric_collection opt-out"].returncode == 0
    assert answers["python manage.py metric_collection prove-off"].returncode == 0
