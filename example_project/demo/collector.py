"""The publisher's side: the collector of metric_collection, as one command, with a fleet in it."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from demo.machine import Machine

SITE = 5
INSTALLATIONS, DAYS = 50, 70
ADDRESS = r"received at (http://127\.0\.0\.1:\d+)/"
PASSWORD = r"account admin: (\S+)"
RECEIVED = """
    SELECT (SELECT COUNT(*) FROM usage_metrics_collector_arrival)
         + (SELECT COALESCE(SUM(heartbeats + upgrades + installs + opt_outs + skewed + repeats), 0)
            FROM usage_metrics_collector_period WHERE span = 'D')
         + (SELECT COALESCE(SUM(n), 0) FROM usage_metrics_collector_refusal)
"""


class Collector:
    """A collector in a folder of `machine`: what it has received, and what it has counted."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.folder: Path = machine.folder / "collector"
        self.command = (
            *(sys.executable, "-m", "metric_collection.collector"),
            *("--data", str(self.folder)),
        )

    def start(self) -> None:
        """Start it on a free port of 127.0.0.1."""
        site = ("--site", f"{SITE}=Rackbook")
        self.machine.start("collector", *self.command, "--bind", "127.0.0.1:0", *site)
        self.address = self.machine.await_line("collector", ADDRESS)
        self.url = f"{self.address}/cleaninsights.php"

    def start_fleet(self) -> None:
        """Begin to fill it with the reports of other installations."""
        size = ("--installations", str(INSTALLATIONS), "--days", str(DAYS))
        fleet = ("--", "metric_collector", "demo", "--id", str(SITE), *size)
        self.machine.start("fleet", *self.command, *fleet)

    def await_fleet(self) -> None:
        self.machine.await_end("fleet", 60)

    def declare(self, dictionary: Path) -> None:
        """Take the product's own descriptions of its facts."""
        action = ("metric_collector", "dictionary", str(SITE), str(dictionary), "--public")
        self.machine.run("declare", *self.command, "--", *action)

    def received(self) -> int:
        """Count every report that came, whatever became of it."""
        database = f"file:{self.folder / 'collector.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(database, uri=True, timeout=20)) as connection:
            return int(connection.execute(RECEIVED).fetchone()[0])

    def today(self) -> dict[str, Any]:
        """Count now, and return the numbers of today as the publisher sees them."""
        self.machine.run("work", *self.command, "--", "metric_collector", "work", "--once")
        show = ("--", "metric_collector", "show", str(SITE), "--json")
        self.machine.run("show", *self.command, *show)
        days = json.loads(self.machine.log("show").read_text())["days"]
        return dict(days[-1])

    @property
    def dashboard(self) -> str:
        return f"{self.address}/admin/usage_metrics_collector/period/dashboard/?site={SITE}"

    def password_link(self) -> str:
        return self.machine.said("collector", PASSWORD)[-1]


@contextmanager
def collecting(machine: Machine) -> Iterator[Collector]:
    """Run a collector; its worker ends with it."""
    collector = Collector(machine)
    collector.start()
    try:
        yield collector
    finally:
        machine.stop("collector")
