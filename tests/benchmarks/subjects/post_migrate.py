"""A migrate that has nothing to do, as after most updates of anything else."""

from collections.abc import Iterator
from typing import Any

from ..bench import Bench, added
from ..hosts import ALL
from ..loopback import collector
from ..rows import Figure, Row, middle, part_of_peer, row

SUBJECT = "A migrate that has nothing to do"


def measure(bench: Bench) -> Iterator[Row]:
    """Ours does all its work inside migrate; the peer asks a worker to do it."""
    with collector() as sink:
        found = bench.alternate(lambda side: bench.gauge(bench.host(side, sink), "post_migrate"))
        whole = bench.alternate(lambda side: bench.gauge(bench.host(side, sink), "migrate"), ALL)
    yield row(SUBJECT, "post_migrate, CPU ms", found, inside)
    yield row(SUBJECT, "  and what it leaves to a worker, CPU ms", found, in_all, part_of_peer(5))
    yield row(SUBJECT, "added to the whole process, CPU ms", added(whole, "cpu"), middle)
    yield row(SUBJECT, "messages published", found, messages)


def inside(found: list[dict[str, Any]]) -> Figure:
    return middle(one["inside"]["cpu"] for one in found)


def in_all(found: list[dict[str, Any]]) -> Figure:
    return middle(
        one["inside"]["cpu"] + (one["worker"]["cpu"] if one["worker"] else 0) for one in found
    )


def messages(found: list[dict[str, Any]]) -> Figure:
    return middle(one["messages"] for one in found)
