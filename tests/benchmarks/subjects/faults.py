"""A heartbeat that the collector does not take, or takes without a word: what is lost, and sent twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..bench import Bench
from ..hosts import SIDES
from ..loopback import collector
from ..rows import Figure, Row, at_most

SUBJECT = "A heartbeat while the collector fails, and an hour later"
FAULTS = {
    "answers 500": {"status": 500},
    "takes it and hangs up": {"silent": 1},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffered:
    """How long a worker was busy with it, and the keys under which it came in the end."""

    busy: Figure
    keys: list[str]

    @property
    def lost(self) -> Figure:
        return Figure(number=0 if self.keys else 1)

    @property
    def doubled(self) -> Figure:
        """What a collector counts twice that tells repetitions by their keys."""
        return Figure(number=max(len(set(self.keys)) - 1, 0))


def measure(bench: Bench) -> Iterator[Row]:
    """Once for each, as the peer takes as long as the cap.

    Left alone it repeats for some eight minutes (urllib3's backoff) within its task, and then gives up: of
    an outage of an hour it loses the heartbeat whatever the cap is.
    """
    for what, fault in FAULTS.items():
        ours, peer = (suffered(bench, side, fault) for side in SIDES)
        for name, figure, most in (
            ("a worker is busy, s", "busy", 1),
            ("  lost", "lost", 0),
            ("  counted twice", "doubled", 0),
        ):
            yield Row(
                subject=SUBJECT,
                what=f"{what}: {name}" if figure == "busy" else name,
                ours=getattr(ours, figure),
                peer=getattr(peer, figure),
                aim=at_most(most),
            )


def suffered(bench: Bench, side: str, fault: dict[str, int]) -> Suffered:
    """Beat while the collector fails, mend it, and wait for an hour."""
    with collector() as sink:
        host = bench.host(side, sink)
        vars(sink).update(fault)
        busy = bench.gauge(host, "faults", cap=bench.cap, later=False)
        sink.status, sink.silent = 204, 0
        bench.gauge(host, "faults", cap=bench.cap, later=True)
        return Suffered(
            busy=Figure(number=busy["wall"] / 1000, cut=busy["cut"]), keys=list(sink.keys)
        )
