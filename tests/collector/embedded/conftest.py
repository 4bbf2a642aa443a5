from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.harness.host import FOREIGN
from tests.harness.process import Process

COMMAND = [sys.executable, "-m", "metric_collection.collector", "--data"]


class Embedded:
    """A collector in a folder, run as one command."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.url = self.log = ""

    def environ(self, more):
        return {k: v for k, v in os.environ.items() if not FOREIGN.match(k)} | more

    @contextmanager
    def running(self, *arguments, **environ):
        command = [*COMMAND, str(self.data), "--bind", "127.0.0.1:0", *arguments]
        log = self.folder / "collector.log"
        with Process(command, log, cwd=self.folder, env=self.environ(environ)) as process:
            process.await_line("Dashboard:")
            (self.url,) = re.findall(r"received at (http://\S+)/cleaninsights.php", process.log)
            yield process

    def manage(self, *arguments, **environ):
        command = [*COMMAND, str(self.data), "--", *arguments]
        options = {"cwd": self.folder, "env": self.environ(environ)}
        return subprocess.run(command, check=False, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    return Embedded(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="module")
def running(embedded):
    with embedded.running("--site", "5=Acme", METRIC_COLLECTOR_RATE="1000") as process:
        yield process
