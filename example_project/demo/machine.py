"""The machine of an imagined operator: a folder, an environment, and Rackbook's processes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MANAGE = (sys.executable, str(PROJECT / "manage.py"))
LIMIT = 180.0
PIP = (
    *(sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"),
    *("install", "--no-index", "--no-deps"),
)

# What the person at the terminal has set for other purposes must not steer the demo.
FOREIGN = re.compile(
    r"(RACKBOOK|METRIC_COLLECTION|METRIC_COLLECTOR|DJANGO|CELERY|DATABASE|DO_NOT_TRACK)(_|$)"
)


def environment(folder: Path) -> dict[str, str]:
    """The caller's environment without what belongs to Rackbook, everything kept in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    return kept | {
        "NO_PROXY": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
        "RACKBOOK_VAR": str(folder),
        "TMPDIR": str(folder / "tmp"),
    }


class DemoError(Exception):
    """Something the demo expected did not happen; says what."""


class Machine:
    """Rackbook installed in `folder`; a context manager that ends every process it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = environment(folder)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._end = time.monotonic() + LIMIT

    def __enter__(self) -> "Machine":
        (self.folder / "tmp").mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave any behind
        self.kill(*self.processes)

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end."""
        self.run(arguments[0], *MANAGE, *arguments)

    def install(self, wheel: Path) -> None:
        """Install `wheel` with pip into a folder that takes the place of the one before."""
        target = str(self.folder / "modules" / wheel.stem)
        self.run("pip", *PIP, "--target", target, str(wheel))
        self.environment["PYTHONPATH"] = target

    def run(self, name: str, *command: str) -> None:
        """Run `command` to its end, its output in the log `name`."""
        self.start(name, *command)
        self.await_end(name, 60)

    def await_end(self, name: str, seconds: float) -> None:
        """Wait until a process has ended well."""
        self.await_that(lambda: not self.is_running(name), f"{name} did not end", seconds)
        if self.processes.pop(name).returncode:
            raise DemoError(f"{name} failed")

    def start(self, name: str, *command: str) -> None:
        """Start `command` with a new log; in a session of its own, as Ctrl-C is for the demo."""
        with self.log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self, name: str) -> bool:
        return self.processes[name].poll() is None

    def stop(self, *names: str) -> None:
        """End these processes, and after ten seconds whatever is left of them."""
        for name in names:
            self.processes[name].terminate()
        for name in names:
            with suppress(subprocess.TimeoutExpired):
                self.processes[name].wait(10)
        self.kill(*names)

    def kill(self, *names: str) -> None:
        """End these processes and their children at once."""
        for name in names:
            process = self.processes.pop(name)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str, pattern: str) -> list[str]:
        """Find every match of `pattern` in the log `name`."""
        return re.findall(pattern, self.log(name).read_text(errors="replace"))

    def last_words(self, lines: int = 12) -> str:
        """Quote the end of every log."""
        ends = (
            "\n".join([f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-lines:]])
            for log in sorted(self.folder.glob("*.log"))
        )
        return "\n".join(ends)

    def await_line(self, name: str, pattern: str, *, times: int = 1) -> str:
        """Wait until the log `name` has `times` matches of `pattern`; return the last one."""
        missing = f"{name} did not say {pattern!r}"
        self.await_that(lambda: len(self.said(name, pattern)) >= times, missing, 30)
        return self.said(name, pattern)[-1]

    def await_that(self, is_so: Callable[[], bool], otherwise: str, seconds: float) -> None:
        """Wait until `is_so()`, within the demo's own limit; else raise DemoError."""
        end = min(time.monotonic() + seconds, self._end)
        while not is_so():
            if time.monotonic() > end:
                raise DemoError(otherwise)
            time.sleep(0.1)
