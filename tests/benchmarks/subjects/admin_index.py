"""The queries that the app adds to the admin index."""

from collections.abc import Iterator
from operator import sub

from ..bench import Bench
from ..hosts import ALL
from ..loopback import Collector, collector
from ..rows import Row, at_most, exactly, row

SUBJECT = "Admin index: extra queries of a superuser's visit"
VISITS = {
    "the first, which shows the notice": at_most(1),
    "the second, which shows it until it is answered": at_most(1),
    "the first in another process, after an answer": at_most(1),
    "the second in that process": at_most(0),
}


def measure(bench: Bench) -> Iterator[Row]:
    """What a host with neither app asks at the same visit is taken off."""
    with collector() as sink:
        bare, *sides = (visited(bench, side, sink) for side in ALL)
    ours, peer = (list(map(sub, side, bare)) for side in sides)
    for number, (what, aim) in enumerate(VISITS.items()):
        found = {"ours": ours[number], "peer": peer[number]}
        yield row(SUBJECT, what, found, exactly, aim)


def visited(bench: Bench, side: str, sink: Collector) -> list[int]:
    """Count the queries of two visits in each of two processes; between them the notice is answered."""
    host = bench.host(side, sink)
    asked = bench.gauge(host, "index", visits=2)["queries"]
    answer = {"answered": True} if side == "ours" else {}
    return [*asked, *bench.gauge(host, "index", visits=2, **answer)["queries"]]
