"""The list of the enabled modules, as more and more distributions are installed."""

from collections.abc import Iterator
from typing import Any

from ..bench import Bench
from ..hosts import SIDES, Host
from ..rows import Figure, Row, at_most, middle, part_of_peer, row

SUBJECT = "Module list: the first in a process"
COUNTS = (60, 200, 500)
ENABLED = 5  # modules of the product, one of which is not named like its package


def measure(bench: Bench) -> Iterator[Row]:
    """Ten times faster at 200, and flat."""
    found = {count: lists(bench, count) for count in COUNTS}
    for count, sides in found.items():
        what = f"{sides['ours'][0]['installed']} distributions, CPU ms"
        yield row(SUBJECT, what, sides, cost, part_of_peer(10) if count == 200 else None)
    growing = {side: [cost(found[count][side]).number for count in COUNTS] for side in SIDES}
    yield row(SUBJECT, "the most in terms of the fewest", growing, growth, at_most(1.2))
    yield row(SUBJECT, "enabled modules not found", found[200], missing, at_most(0))


def lists(bench: Bench, count: int) -> dict[str, list[dict[str, Any]]]:
    """Make the list with so many distributions, in one new process after the other."""
    return bench.alternate(
        lambda side: bench.gauge(Host(side=side), "modules", distributions=count)
    )


def cost(found: list[dict[str, Any]]) -> Figure:
    return middle(one["cpu"] for one in found)


def growth(costs: list[float]) -> Figure:
    return Figure(number=costs[-1] / costs[0])


def missing(found: list[dict[str, Any]]) -> Figure:
    """How many modules of the product are not in the list; the peer itself is none of them."""
    return Figure(number=ENABLED - len(found[0]["modules"].keys() - {"openwisp-utils"}))
