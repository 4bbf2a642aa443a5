"""Processes that are started here, bounded in time, and ended with all that they started."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ChildFailed(Exception):
    """A process was to end well, and did not; its last words are the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: its exit code, None when it was ended here; what it printed.

    It lived for so many `seconds`, until the clock for spans was `at` so many.
    """

    code: int | None
    seconds: float
    at: float
    output: str
    errors: str

    @property
    def found(self) -> dict[str, Any]:
        """What a gauge has measured: the last line that it printed."""
        self.require_success()
        found: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return found

    def require_success(self) -> None:
        """Refuse any end but a good one."""
        if self.code != 0:
            raise ChildFailed(f"exit code {self.code}: {self.errors[-2000:]}")


def run(command: Sequence[str], *, env: Mapping[str, str], folder: Path, cap: float) -> Ended:
    """Run a command in a session of its own, for at most `cap` seconds."""
    began = time.monotonic()
    with subprocess.Popen(
        command,
        env=env,
        cwd=folder,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        code, output, errors = wait(child, cap)
    at = time.monotonic()
    return Ended(code=code, seconds=at - began, at=at, output=output, errors=errors)


def wait(child: subprocess.Popen[str], cap: float) -> tuple[int | None, str, str]:
    """Wait for the end of a process, or put one to it and to the session that it leads."""
    try:
        output, errors = child.communicate(timeout=cap)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return (None, *child.communicate())
    return child.returncode, output, errors
