"""One heartbeat, from gathering the facts to noting the answer of the collector."""

from collections.abc import Iterator
from typing import Any

from ..bench import Bench
from ..loopback import Collector, collector
from ..rows import Figure, Row, middle, part_of_peer, row

SUBJECT = "One heartbeat, posted and answered"
TIMES = 5


def measure(bench: Bench) -> Iterator[Row]:
    """In a worker that has done it before."""
    with collector() as sink:
        found = bench.alternate(lambda side: beaten(bench, side, sink))
    yield row(SUBJECT, "CPU ms", found, cost, part_of_peer(5))
    yield row(SUBJECT, "queries", found, queries)


def beaten(bench: Bench, side: str, sink: Collector) -> dict[str, Any]:
    """Measure heartbeats in a process, each of which has to arrive."""
    host = bench.host(side, sink)
    found = bench.gauge(host, "heartbeat", times=TIMES)
    sink.expect(*["Heartbeat"] * (TIMES + 2))
    return found


def cost(found: list[dict[str, Any]]) -> Figure:
    return middle(beat["cpu"] for one in found for beat in one["beats"])


def queries(found: list[dict[str, Any]]) -> Figure:
    return middle(one["queries"] for one in found)
