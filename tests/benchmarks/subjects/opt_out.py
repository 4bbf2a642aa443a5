"""An operator opts out in the admin, while the collector answers or does not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ..bench import Bench
from ..hosts import SIDES, Host
from ..loopback import collector, refusing, swallowing, url_of
from ..rows import Figure, Row, at_most

SUBJECT = "Opt-out: until the admin answers, s"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A collector that answers with this status, whatever it is sent."""
    with collector(status) as sink:
        yield sink.server_port


COLLECTORS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "collector answers": lambda: answering(204),
    "collector answers 500": lambda: answering(500),
    "collector refuses": refusing,
    "collector swallows": swallowing,
}


def measure(bench: Bench) -> Iterator[Row]:
    """Once for each, as the peer takes as long as the cap."""
    for what, open_port in COLLECTORS.items():
        with open_port() as port:
            ours, peer = (opted_out(bench, side, url_of(port)) for side in SIDES)
        yield Row(subject=SUBJECT, what=what, ours=ours, peer=peer, aim=at_most(0.5))


def opted_out(bench: Bench, side: str, collector_url: str) -> Figure:
    """Switch off, on a host that has been in use."""
    host = Host(side=side, database=bench.used(side), collector=collector_url)
    found = bench.gauge(host, "opt_out", cap=bench.cap)
    return Figure(number=found["wall"] / 1000, cut=found["cut"])
