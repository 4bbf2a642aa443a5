"""``python -m tests.benchmarks collector``: the collector's cost, as ratios to a bare view of the same run."""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.harness.databases import DATABASES

from ..machine import described
from .load import flooding, latencies
from .project import DATABASE
from .reports import reports

EMBEDDED = "metric_collection.collector"
ENVIRON = {"METRIC_COLLECTOR_RATE": "1000000", "METRIC_COLLECTOR_NETWORK_DAILY": "1000000"}
STALLED = 64
FLOOD = 2000  # requests a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    what: str
    found: float
    unit: str
    target: float | None = None

    def __str__(self) -> str:
        target = "" if self.target is None else f"  (target: at most {self.target:g})"
        mark = "" if self.target is None or self.found <= self.target else "  MISSED"
        return f"{self.what:<58} {self.found:>10.3f} {self.unit}{target}{mark}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    reports: int
    backlog: int
    seconds: int
    days: int
    fleet: int
    million: int
    kills: int


FULL = Sizes(
    reports=10_000, backlog=150_000, seconds=60, days=1096, fleet=2000, million=1_000_000, kills=50
)
QUICK = Sizes(reports=1000, backlog=3000, seconds=5, days=60, fleet=100, million=2000, kills=5)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks collector")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see whether it runs")
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="a subject; repeatable")
    chosen = parser.parse_args(arguments)
    sys.stdout.write("\n".join(described(Path(sys.executable))) + "\n")
    for name in chosen.only or SUBJECTS:
        with TemporaryDirectory(prefix="benchmarks-") as folder:
            for figure in SUBJECTS[name](Path(folder), QUICK if chosen.quick else FULL):
                sys.stdout.write(f"{figure}\n")
                sys.stdout.flush()
    return 0


def gauge(
    name: str, folder: Path, *sizes: int, module: str = "gauges", **environ: str
) -> dict[str, Any]:
    """Measure in a process of its own."""
    child = [sys.executable, "-m", "tests.benchmarks.collector.child", module, name]
    ran = subprocess.run(
        [*child, str(folder), *map(str, sizes)],
        env=os.environ | ENVIRON | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(f"{name} could not be measured:\n{ran.stderr}")
    return dict(json.loads(ran.stdout.splitlines()[-1]))


@contextmanager
def databases(folder: Path, *, all_kinds: bool) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """The databases that there are, with the environment that names them to a child."""
    with ExitStack() as stack:
        found = [("SQLite", {})]
        if os.environ.get("TEST_POSTGRES_URL"):
            database = stack.enter_context(DATABASES["PostgreSQL"](folder))
            given = {DATABASE: json.dumps(database | {"CONN_MAX_AGE": None})}
            found = [*(found if all_kinds else []), ("PostgreSQL", given)]
        yield found


def door(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """CPU of a request and of counting it, the database's included."""
    with databases(folder, all_kinds=True) as kinds:
        measured = [
            (kind, gauge("door", folder / kind, sizes.reports, **given)) for kind, given in kinds
        ]
    for kind, found in measured:
        yield Figure(what=f"{kind}: bare 204 view", found=found["bare"], unit="ms")
        yield Figure(what=f"{kind}: door", found=found["door"], unit="ms")
        times = found["door"] / found["bare"]
        yield Figure(what=f"{kind}: door / bare", found=times, unit="x", target=6)
        yield Figure(
            what=f"{kind}: roll-up of a report", found=found["roll-up"], unit="ms", target=0.15
        )
        together = 1000 / (found["door"] + found["roll-up"])
        yield Figure(
            what=f"{kind}: reports a second and core, both together", found=together, unit="/s"
        )


@contextmanager
def serving(folder: Path, **environ: str) -> Iterator[str]:
    """Run an embedded collector; yield its address."""
    command = [sys.executable, "-m", EMBEDDED, "--data", str(folder), "--bind", "127.0.0.1:0"]
    log = folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--site", "5=Acme"], stdout=output, env=os.environ | ENVIRON | environ
        )
    try:
        while not (
            found := re.search(r"received at (http://\S+)/cleaninsights.php", log.read_text())
        ):
            time.sleep(0.05)
        yield found[1]
    finally:
        process.terminate()
        process.wait()


def latency(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """The answers at 200 reports a second while a backlog is counted, on SQLite."""
    data = folder / "data"
    gauge("backlog", data, sizes.backlog)
    bodies = list(reports(1000, at=datetime.now(timezone.utc)))
    with serving(data) as url:
        began = time.monotonic()
        taken = latencies(url, bodies, rate=200, seconds=sizes.seconds)
        ended = time.monotonic() - began
        waiting = gauge("left", data, 0)["waiting"]
    counted = sizes.backlog + len(taken) - waiting
    middle, late = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    yield Figure(what="p50 at 200/s during the backlog", found=middle * 1000, unit="ms")
    yield Figure(what="p99 at 200/s during the backlog", found=late * 1000, unit="ms", target=50)
    yield Figure(what="counted meanwhile", found=counted / ended, unit="/s")


def stalled(folder: Path, _sizes: Sizes) -> Iterator[Figure]:
    """An answer beside 64 connections that send nothing more."""
    (body,) = reports(1, at=datetime.now(timezone.utc))
    with serving(folder / "data") as url:
        host, _, port = url.removeprefix("http://").partition(":")
        held = [socket.create_connection((host, int(port))) for _ in range(STALLED)]
        for each in held:
            each.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n{")
        taken = latencies(url, [body], rate=20, seconds=1)
        for each in held:
            each.close()
    yield Figure(
        what=f"slowest answer beside {STALLED} stalled connections",
        found=taken[-1] * 1000,
        unit="ms",
        target=1000,
    )


def flood(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Refusals by the limiter, and honest reports beside 2,000 refusals a second."""
    limits = {"METRIC_COLLECTOR_RATE": "60", "METRIC_COLLECTOR_PROXIES": "0"}
    found = gauge("refusal", folder / "refusal", sizes.reports, **limits)
    yield Figure(
        what="a refusal by the limiter, with Django's handler",
        found=found["ms"],
        unit="ms",
        target=0.2,
    )
    bodies = list(reports(100, at=datetime.now(timezone.utc)))
    limits["METRIC_COLLECTOR_PROXIES"] = "1"
    with (
        serving(folder / "data", **limits) as url,
        flooding(url, bodies[0], rate=FLOOD) as answered,
    ):
        began = time.monotonic()
        taken = latencies(url, bodies, rate=20, seconds=sizes.seconds, is_proxied=True)
        rate = answered.value / (time.monotonic() - began)
    yield Figure(what=f"refused meanwhile, of {FLOOD} asked for", found=rate, unit="/s")
    late = taken[int(len(taken) * 0.99)] * 1000
    yield Figure(what="p99 of honest reports beside the flood", found=late, unit="ms", target=100)


def dashboard(folder: Path, _sizes: Sizes) -> Iterator[Figure]:
    """The dashboard of 90 days and 16 facts, of 100 installations and of a million."""
    for factor in (1, 10_000):
        found = gauge("dashboard", folder / str(factor), factor)
        size = f"dashboard of {100 * factor:,} installations"
        yield Figure(what=size, found=found["ms"], unit="ms", target=60)
        yield Figure(what=f"{size}: queries", found=found["queries"], unit="", target=15)


def million(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    """Reports of 20 processes with 10 % repeats and kills, counted exactly; PostgreSQL if there is one."""
    began = time.monotonic()
    with databases(folder, all_kinds=False) as ((_kind, given),):
        crowd = ("crowd", folder / "data", sizes.million, sizes.kills)
        wrong = gauge(*crowd, module="crowd", **given)["wrong"]
    what = f"{sizes.million:,} reports, 20 processes, {sizes.kills} kills: counted wrongly"
    yield Figure(what=what, found=wrong, unit="reports", target=0)
    yield Figure(what="the same: seconds", found=time.monotonic() - began, unit="s")


def years(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    found = gauge("years", folder / "data", sizes.days)
    what = f"{sizes.days / 365.25:.1f} years of {found['facts']} facts with pairs, SQLite"
    yield Figure(what=what, found=found["MB"], unit="MB", target=120)


def actives(folder: Path, sizes: Sizes) -> Iterator[Figure]:
    found = gauge("actives", folder / "data", sizes.fleet)
    what = f"largest error of daily actives, {sizes.fleet:,} installations"
    yield Figure(what=what, found=found["percent"], unit="%", target=0.5)


SUBJECTS = {
    subject.__name__: subject
    for subject in (door, latency, stalled, flood, dashboard, million, years, actives)
}
