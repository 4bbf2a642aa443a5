"""The System Info page."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..bench import Bench
from ..distributions import MANY_APPS
from ..loopback import Collector, collector
from ..rows import Figure, Row, at_most, middle, row

SUBJECT = "System Info page, GET by a superuser"
MUCH = "…with 100 modules; ours also 90 days of reports, 20 campaigns"
TIMES = 5
DAYS, CAMPAIGNS, KINDS = 90, 20, 15


def measure(bench: Bench) -> Iterator[Row]:
    """In a process that has shown it before: at most 15 ms and ten queries, however much there is to show."""
    with collector() as sink:
        found = bench.alternate(
            lambda side: bench.gauge(bench.host(side, sink), "pages", times=TIMES)
        )
        much = bench.alternate(lambda side: looked_at(bench, side, sink))
    yield from rows(SUBJECT, found)
    yield from rows(MUCH, much)


def looked_at(bench: Bench, side: str, sink: Collector) -> dict[str, Any]:
    """Look at all that a host of many modules can have to show."""
    host = replace(bench.host(side, sink), apps=MANY_APPS, campaigns=CAMPAIGNS)
    fill = {"days": DAYS, "kinds": KINDS} if side == "ours" else {}
    return bench.gauge(host, "pages", distributions=200, times=TIMES, **fill)


def rows(subject: str, found: dict[str, list[dict[str, Any]]]) -> Iterator[Row]:
    yield row(subject, "CPU ms", found, cost, at_most(15))
    yield row(subject, "bytes", found, size)
    yield row(subject, "queries, for session and user too", found, queries, at_most(10))


def cost(found: list[dict[str, Any]]) -> Figure:
    return middle(get["cpu"] for one in found for get in one["gets"])


def size(found: list[dict[str, Any]]) -> Figure:
    return middle(one["bytes"] for one in found)


def queries(found: list[dict[str, Any]]) -> Figure:
    return middle(one["queries"] for one in found)
