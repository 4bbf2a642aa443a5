"""The bench: the sides under the same conditions, in turn, each time in a new process."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import sub
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar

from . import distributions
from .children import Ended, run
from .hosts import ALL, SIDES, Host
from .loopback import Collector, collector

USUAL = 60  # installed distributions; few, to the advantage of a side that reads them all
PATIENCE = 120  # seconds for a process that has no reason to wait for anybody
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where everything is measured, how often, and for how many seconds at most.

    In the environment of `python` so many distributions are really installed.
    """

    python: Path
    installed: int
    folder: Path
    rounds: int
    cap: float

    def alternate(
        self, measure: Callable[[str], T], among: Sequence[str] = SIDES
    ) -> dict[str, list[T]]:
        """Measure each once a round, another one first each time."""
        found: dict[str, list[T]] = {name: [] for name in among}
        for number in range(self.rounds):
            first = number % len(among)
            for name in (*among[first:], *among[:first]):
                found[name].append(measure(name))
        return found

    def get_warm(self) -> None:
        """Let every side run once, so that Python has compiled it and the disk was read."""
        for side in ALL:
            self.used(side)

    def gauge(
        self, host: Host, name: str, *, distributions: int = USUAL, **arguments: Any
    ) -> dict[str, Any]:
        """Let a gauge measure inside a process of this host."""
        command = ("-m", "gauges", name, json.dumps(arguments))
        patience = PATIENCE + self.cap
        return self.launch(host, *command, distributions=distributions, cap=patience).found

    def launch(self, host: Host, *arguments: str, distributions: int = USUAL, cap: float) -> Ended:
        """Run Python as a process of this host."""
        environment = host.environment(library=self._library(distributions), folder=self.folder)
        return run([str(self.python), *arguments], env=environment, folder=self.folder, cap=cap)

    def empty(self) -> str:
        """A database that is not there yet."""
        return str(Path(mkdtemp(dir=self.folder)) / "database.sqlite3")

    def used(self, side: str) -> str:
        """A database of its own for a host that has been in use for a while."""
        original = self.folder / f"{side}.sqlite3"
        if not original.exists():
            with collector() as sink:
                host = Host(side=side, database=str(original), collector=sink.url)
                self.gauge(host, "setting_up")
        return shutil.copy(original, self.empty())

    def host(self, side: str, sink: Collector) -> Host:
        """A host that has been in use for a while, and whose collector answers."""
        return Host(side=side, database=self.used(side), collector=sink.url)

    def _library(self, count: int) -> Path:
        """A folder of distributions, so that `count` are installed together with the real ones."""
        folder = self.folder / f"library-{count}"
        if not folder.exists():
            distributions.install(folder, count - self.installed)
        return folder


def added(found: dict[str, list[dict[str, float]]], what: str) -> dict[str, list[float]]:
    """What each side adds to what a host with neither app takes in the same round."""
    numbers = {side: [one[what] for one in rounds] for side, rounds in found.items()}
    return {side: list(map(sub, numbers[side], numbers["bare"])) for side in SIDES}
