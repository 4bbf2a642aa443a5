"""One heartbeat, from gathering the facts to noting the answer of the collector."""

from collections.abc import Iterator
from statistics import median
from typing import Any

from ..bench import USUAL, Bench
from ..loopback import Collector, collector
from ..rows import Figure, Row, exactly, middle, part_of_peer, row

SUBJECT = "One heartbeat, posted and answered"
COUNTS = (USUAL, 200)
TIMES = 5
SWEEPS = 143  # in a day, besides the one that beats


def measure(bench: Bench) -> Iterator[Row]:
    """In a worker that has done it before."""
    found = {count: beats(bench, count) for count in COUNTS}
    for count in COUNTS:
        yield row(SUBJECT, f"{count} distributions, CPU ms", found[count], cost, part_of_peer(5))
    yield row(SUBJECT, "queries", found[USUAL], queries)
    yield row(SUBJECT, f"with the {SWEEPS} idle sweeps of a day, CPU ms", found[USUAL], day)


def beats(bench: Bench, count: int) -> dict[str, list[dict[str, Any]]]:
    """Beat with so many distributions, in one new process after the other."""
    with collector() as sink:
        return bench.alternate(lambda side: beaten(bench, side, sink, count))


def beaten(bench: Bench, side: str, sink: Collector, count: int) -> dict[str, Any]:
    """Measure the heartbeats of a process, each of which has to arrive."""
    host = bench.host(side, sink)
    found = bench.gauge(host, "heartbeat", distributions=count, times=TIMES)
    sink.expect(*["Heartbeat"] * (TIMES + 2))
    return found


def cost(found: list[dict[str, Any]]) -> Figure:
    return middle(beat["cpu"] for one in found for beat in one["beats"])


def queries(found: list[dict[str, Any]]) -> Figure:
    return middle(one["queries"] for one in found)


def day(found: list[dict[str, Any]]) -> Figure:
    """The peer has no sweeps."""
    sweep = median(sweep for one in found for sweep in one["sweeps"])
    return exactly(cost(found).number + SWEEPS * sweep)
