"""How many reports a second one worker delivers, and whether that depends on how many are queued.

``python -m tests.benchmarks.throughput``: on SQLite, and on the servers that TEST_POSTGRES_URL and
TEST_MYSQL_URL name. The collector is a process of its own on loopback; there is no peer, for it has no queue.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.collector import collecting
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host

from .machine import described

VARIABLES = {"SQLite": "PATH", "PostgreSQL": "TEST_POSTGRES_URL", "MariaDB": "TEST_MYSQL_URL"}
SIZES = (1_000, 10_000, 100_000)
ROUNDS, REPORTS = 5, 100
FLAT = 1.5  # how much dearer a report may be in the longest queue than in the shortest

FILL = """
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.reporting.collection import Collection
from metric_collection.models import Report

Report.objects.all().delete()
body = Collection().preview()[1].decode()
reports = (Report(category="Heartbeat", body=body, sealed_at=utc_now()) for _ in range(int(sys.argv[1])))
Report.objects.bulk_create(reports, batch_size=5000)
"""

# The report behind the last one to be delivered is not due: there a delivery ends.
DELIVER = """
import time
from datetime import timedelta
from django.db import connection
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.reporting.delivery import Delivery
from metric_collection.models import Report

last = Report.objects.queued()[int(sys.argv[1])]
Report.objects.filter(pk=last.pk).update(wait_until=utc_now() + timedelta(days=1))
Delivery().test_server()
queries = []
with connection.execute_wrapper(lambda run, *given: queries.append(given[0]) or run(*given)):
    wall, cpu = time.perf_counter(), time.process_time()
    tried = Delivery().deliver()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
Report.objects.update(wait_until=None)
count = len(tried)
print(json.dumps({"rate": count / wall, "cpu": cpu / count * 1000, "queries": len(queries) / count}))
"""

PLAN = """
from django.db import connection
from django.test.utils import CaptureQueriesContext
from metric_collection.models import Report

with CaptureQueriesContext(connection) as asked:
    Report.objects.next_queued(after=Report(pk=5))
with connection.cursor() as cursor:
    words = {"sqlite": "EXPLAIN QUERY PLAN "}.get(connection.vendor, "EXPLAIN ")
    cursor.execute(words + asked[0]["sql"])
    print(json.dumps(" ".join(str(cell) for row in cursor.fetchall() for cell in row)))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a worker fares with so many reports queued: the best of several rounds.

    Whatever else the machine does can only make a round worse.
    """

    database: str
    queued: int
    rate: float
    cpu: float
    queries: float

    def __str__(self) -> str:
        return (
            f"{self.database:<11}{self.queued:>8,} queued {self.rate:>7.0f} reports/s"
            f" {self.cpu:>6.1f} ms CPU {self.queries:>5.1f} queries a report"
        )


def main() -> int:
    """Exit with 1 where the pace depends on the queue, or the claim does without its index."""
    chosen = parser().parse_args()
    say(*described(Path(sys.executable)))
    found: list[Pace] = []
    for name in (name for name, variable in VARIABLES.items() if os.environ.get(variable)):
        paces, plan = measured(name, chosen)
        say(*map(str, paces), f"{'':<11}dearest report / cheapest: {spread(paces):.2f}", plan)
        found += paces
        if spread(paces) > FLAT or "usage_metrics_report_queue" not in plan:
            return 1
    if chosen.json:
        figures = [asdict(pace) for pace in found]
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def measured(database: str, chosen: argparse.Namespace) -> tuple[list[Pace], str]:
    """The pace with each length of the queue, measured in turn, and the plan of the claim's query."""
    with ExitStack() as stack:
        hosts = {size: stack.enter_context(product(database, size)) for size in chosen.sizes}
        rounds: dict[int, list[dict[str, float]]] = {size: [] for size in hosts}
        for _ in range(chosen.rounds):
            for size, host in hosts.items():
                rounds[size].append(host.django(DELIVER, str(chosen.reports)))
        plan = hosts[max(hosts)].django(PLAN)
    return [pace(database, size, found) for size, found in rounds.items()], plan


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.throughput")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="lengths of the queue")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--reports", type=int, default=REPORTS, help="to deliver in each round")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser


@contextmanager
def product(database: str, queued: int) -> Iterator[Host]:
    """A product on a new database with so many reports queued, whose collector takes everything."""
    with TemporaryDirectory(prefix="throughput-") as name, collecting() as collector:
        folder = Path(name)
        with DATABASES[database](folder) as settings:
            files = {"product/__init__.py": PYMYSQL} if database == "MariaDB" else {}
            host = Host(folder, files, DATABASES={"default": settings})
            host.configure(METRIC_COLLECTION_COLLECTOR_URL=collector.url)
            host.manage("migrate").check_returncode()
            host.django(FILL, str(queued))
            yield host


def pace(database: str, queued: int, rounds: list[dict[str, float]]) -> Pace:
    return Pace(
        database=database,
        queued=queued,
        rate=max(found["rate"] for found in rounds),
        cpu=min(found["cpu"] for found in rounds),
        queries=max(found["queries"] for found in rounds),
    )


def spread(paces: Iterable[Pace]) -> float:
    """How many times the cheapest report the dearest one is, in CPU: the disk has its moods."""
    costs = [pace.cpu for pace in paces]
    return max(costs) / min(costs)


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
