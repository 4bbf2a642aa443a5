"""A process in a session of its own, and what it has said."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class Process:
    """Runs `command` with its output in `log`; killed with its children after the block, if not before."""

    def __init__(
        self, command: Sequence[str], log: Path, *, cwd: Path, env: Mapping[str, str]
    ) -> None:
        self._log = log
        self._was_stopped = False
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._was_stopped:
            self.kill()
            assert self._popen.returncode == -signal.SIGKILL, f"It ended by itself:\n{self.log}"

    def stop(self, number: int = signal.SIGTERM, *, seconds: float = 30) -> int:
        """Ask the process, but not its children, to end; wait for it and return its exit code."""
        self._was_stopped = True
        self._popen.send_signal(number)
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def send(self, number: int) -> None:
        """Send a signal to the process, but not to its children."""
        self._popen.send_signal(number)

    def kill(self) -> None:
        """End the process and its children with SIGKILL, between any two instructions."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    @property
    def log(self) -> str:
        """Everything it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def said(self, pattern: str) -> int:
        """Count the matches of `pattern` in what it has said."""
        return len(re.findall(pattern, self.log))

    def await_line(self, pattern: str, *, times: int = 1, seconds: float = 30) -> None:
        """Wait until it has said `pattern` that many times."""
        end = time.monotonic() + seconds
        while self.said(pattern) < times:
            assert time.monotonic() < end, f"{pattern!r} is not in:\n{self.log}"
            assert self._popen.poll() is None or self.said(pattern) >= times, self.log
            time.sleep(0.05)
