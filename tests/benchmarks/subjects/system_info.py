"""The System Info page."""

from collections.abc import Iterator
from typing import Any

from ..bench import Bench
from ..loopback import collector
from ..rows import Figure, Row, middle, row

SUBJECT = "System Info page, GET by a superuser"
TIMES = 5


def measure(bench: Bench) -> Iterator[Row]:
    """In a process that has shown it before."""
    with collector() as sink:
        found = bench.alternate(
            lambda side: bench.gauge(bench.host(side, sink), "pages", times=TIMES)
        )
    yield row(SUBJECT, "CPU ms", found, cost)
    yield row(SUBJECT, "queries, for session and user too", found, queries)


def cost(found: list[dict[str, Any]]) -> Figure:
    return middle(get["cpu"] for one in found for get in one["gets"])


def queries(found: list[dict[str, Any]]) -> Figure:
    return middle(one["queries"] for one in found)
