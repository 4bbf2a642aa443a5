"""The tutorial is followed as a newcomer would, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.harness.host import FOREIGN

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "index.rst").read_text()
BLOCK = re.compile(r"^\.\. code-block:: (console|python)\n\n((?: .*\n|\n)+)", re.MULTILINE)
NEEDS_A_PERSON = ("python -m venv", "python -m pip", "createsuperuser", "runserver")


class Newcomer:
    """Types the commands of the tutorial and appends its settings, block by block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {name: text for name, text in os.environ.items() if not FOREIGN.match(name)}
        self.env["PYTHONPATH"] = str(Path(__file__).parents[2])
        self.answers: dict[str, subprocess.CompletedProcess[str]] = {}

    def follow(self) -> None:
        for language, block in BLOCK.findall(PAGE):
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
            self.answers[line.rpartition("metric_collection ")[2]] = subprocess.run(  # noqa: PLW1510
                [sys.executable, *command],
                cwd=self.folder,
                env=self.env,
                capture_output=True,
                text=True,
            )


@pytest.mark.thorough
def test_the_tutorial_leads_to_a_report_and_an_opt_out(tmp_path):
    newcomer = Newcomer(tmp_path)
    newcomer.follow()
    answers = newcomer.answers
    assert answers["status"].returncode == 3
    assert "DEBUG" in answers["status"].stdout
    events = json.loads(answers["preview"].stdout)["events"]
    assert {"Acme Version", "Django", "os_version"} <= {event["action"] for event in events}
    assert answers["reports"].stdout.strip()
    assert answers["python manage.py check --fail-level WARNING"].returncode == 0
    assert "The edition of Acme." in answers["dictionary"].stdout
    assert answers["opt-out"].returncode == 0
    assert answers["prove-off"].returncode == 0
