"""Heartbeats of a product that is restarted more often than once a day, in virtual time."""

from collections.abc import Iterator

from ..bench import Bench
from ..hosts import SIDES
from ..loopback import Collector, collector
from ..rows import Row, at_most, exactly, row

DAYS, HOURS = 6, 12
SUBJECT = f"{DAYS} days, a restart every {HOURS} h, no schedule file of beat"


def measure(bench: Bench) -> Iterator[Row]:
    """One heartbeat a day, counted as they come in."""
    with collector() as sink:
        lost = {side: DAYS - heartbeats(bench, side, sink) for side in SIDES}
    yield row(SUBJECT, f"heartbeats lost, of {DAYS}", lost, exactly, at_most(0))


def heartbeats(bench: Bench, side: str, sink: Collector) -> int:
    """How many came at the sink."""
    bench.gauge(bench.host(side, sink), "restarts", days=DAYS, hours=HOURS)
    return sink.taken().count("Heartbeat")
