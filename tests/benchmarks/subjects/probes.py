"""Every probe that there is, beside the libraries that tell of a machine; those are the peer here."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..bench import Bench
from ..hosts import Host
from ..rows import Figure, Row, at_most, exactly, middle, row

SUBJECT = "All probes; peer: py-cpuinfo, psutil and distro"
LONGEST, TOGETHER = 50, 150  # ms of the clock, for one probe and for all
# What is taken over from each library, by the end of the names of the probes.
INSTEAD = {
    "py-cpuinfo": ("Processor",),
    "psutil": ("Processor", "Memory", "Disk", "Host"),
    "distro": ("Host",),
}
Found = list[dict[str, Any]]


def measure(bench: Bench) -> Iterator[Row]:
    """In processes that have asked none before, and once more in each of them."""
    found = bench.alternate(lambda side: asked(bench, side))
    for state in ("cold", "warm"):
        yield row(SUBJECT, f"{state}, ms", found, over(sum, state, "wall"), at_most(TOGETHER))
        yield row(SUBJECT, f"{state}, CPU ms", found, over(sum, state, "cpu"))
        slowest = over(max, state, "wall")
        yield row(SUBJECT, f"{state}, the slowest one, ms", found, slowest, at_most(LONGEST))
    yield row(SUBJECT, "queries", found, lambda rounds: exactly(rounds[0]["queries"]))
    for library, probes in INSTEAD.items():
        sides = {"ours": (found["ours"], probes), "peer": (found["peer"], (library,))}
        yield row(SUBJECT, f"cold, in the place of {library}, ms", sides, lambda side: cost(*side))


def asked(bench: Bench, side: str) -> dict[str, Any]:
    """Ask everything of one side, on the database of a host that has been in use."""
    return bench.gauge(Host(side="ours", database=bench.used("ours")), "probes", side=side)


def over(
    combine: Callable[[Iterable[float]], float], state: str, what: str
) -> Callable[[Found], Figure]:
    """The median of the rounds, each of which is combined of its probes."""
    return lambda rounds: middle(
        combine(one[what] for one in found[state].values()) for found in rounds
    )


def cost(rounds: Found, names: tuple[str, ...]) -> Figure:
    """What those whose names end so take in a process that has not asked before."""
    return middle(
        sum(one["wall"] for name, one in found["cold"].items() if name.endswith(names))
        for found in rounds
    )
