"""``python -m tests.benchmarks --help``: measure, and print the table."""

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from .bench import Bench
from .children import ChildFailed
from .collector.run import main as collector
from .environment import PEER, installed, python_of
from .loopback import CameOtherwise
from .machine import described
from .rows import Row
from .subjects import SUBJECTS
from .table import as_json, lines

ROUNDS, CAP = 9, 30.0
QUICK_ROUNDS, QUICK_CAP = 1, 3.0
NOTE = """\
Medians of new processes that take turns. CPU ms: of the process, system calls included. Ratio: how many
times ours the peer's figure is. "> n": it had not ended after n s. Hosts have 60 distributions
installed where nothing else is said."""


def main() -> int:
    """Exit with 1 when something could not be measured; a missed aim is a result."""
    if sys.argv[1:2] == ["collector"]:
        return collector(sys.argv[2:])
    chosen = parser().parse_args()
    with TemporaryDirectory(prefix="benchmarks-") as name:
        folder = Path(name)
        python = python_of(chosen.venv.absolute() if chosen.venv else folder / "venv")
        header = [f"django-metric-collection beside {PEER}", *described(python)]
        rows, failed = measured(bench_for(chosen, python, folder), chosen.only or list(SUBJECTS))
    say(*header, NOTE, "", *lines(rows))
    if chosen.json:
        figures = {"machine": header, "rows": [as_json(row) for row in rows], "failed": failed}
        chosen.json.write_text(
            json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return 1 if failed else 0


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=f"Measure this app beside {PEER}.",
        epilog="What has no peer is measured by python -m tests.benchmarks.throughput (reports a second, with"
        " queues of any length), python -m tests.benchmarks collector (the receiving side) and python -m tests.soak (a fleet for a month).",
    )
    add = parser.add_argument
    add("--quick", action="store_true", help=f"one round, a cap of {QUICK_CAP:.0f} s")
    add("--only", action="append", choices=SUBJECTS, help="a subject; may be repeated")
    add("--cap", type=float, help=f"seconds after which what hangs is ended ({CAP:.0f})")
    add("--venv", type=Path, help="environment with both sides, made where there is none")
    add("--json", type=Path, help="a file for the figures")
    return parser


def bench_for(chosen: argparse.Namespace, python: Path, folder: Path) -> Bench:
    """The bench as it was asked for."""
    rounds, cap = (QUICK_ROUNDS, QUICK_CAP) if chosen.quick else (ROUNDS, CAP)
    return Bench(
        python=python,
        installed=installed(python),
        folder=folder,
        rounds=rounds,
        cap=chosen.cap or cap,
    )


def measured(bench: Bench, subjects: list[str]) -> tuple[list[Row], list[str]]:
    """Measure one subject after the other; those that could not be measured are named."""
    bench.get_warm()
    rows: list[Row] = []
    failed = []
    for name in subjects:
        began = time.monotonic()
        try:
            rows += SUBJECTS[name](bench)
        except (ChildFailed, CameOtherwise) as error:
            failed.append(name)
            sys.stderr.write(f"{name} could not be measured: {error}\n")
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    return rows, failed


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
