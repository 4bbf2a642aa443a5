"""Counting the use of features: what a call costs, what leaves for it, and what a kill or an outage loses."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..bench import PATIENCE, USUAL, Bench
from ..children import Ended
from ..environment import COUNTING_PEER
from ..hosts import SIDES, Host
from ..loopback import collector, refusing, swallowing, url_of
from ..rows import Figure, Row, at_most, exactly, middle, row
from .opt_out import answering

SUBJECT = f"Counting, beside {COUNTING_PEER}"
MANY, ON_END, FEW, COUNTED = 10_000, 500_000, 100, 1_000
START = 10  # seconds that a process has to get as far as its end
COLLECTORS: dict[str, Callable[[], AbstractContextManager[int]]] = {
    "answers": lambda: answering(204),
    "refuses": refusing,
    "swallows": swallowing,
}


def measure(bench: Bench) -> Iterator[Row]:
    """What is compared with a locked dict, the floor, is measured in processes that have Django too."""
    yield from calls(bench)
    yield from sent(bench)
    yield from exits(bench)
    yield from losses(bench)


def calls(bench: Bench) -> Iterator[Row]:
    """The cost of a call for its thread."""
    for what, count, valued, aim in (
        (f"{MANY} calls, in terms of a locked dict", MANY, False, at_most(1.5)),
        ("  each with a value", MANY, True, at_most(1.5)),
        (f"  {ON_END} without a flush", ON_END, False, None),
    ):
        found = bench.alternate(partial(told, bench, "cost", calls=count, valued=valued))
        yield row(SUBJECT, what, found, in_terms_of_a_dict, aim)
    found = bench.alternate(partial(told, bench, "threads", calls=MANY))
    yield row(SUBJECT, "a call in 8 threads, p99, µs", found, p99, at_most(5))


def sent(bench: Bench) -> Iterator[Row]:
    """What calls over ten names take in memory, and what is sent for them."""
    found = bench.alternate(partial(wired, bench))
    yield row(SUBJECT, f"{MANY} calls over 10 names: memory, kB", found, memory)
    yield row(SUBJECT, "  threads of its own", found, threads, at_most(0))
    yield row(SUBJECT, "  requests", found, requests, at_most(1))
    yield row(SUBJECT, "  bytes, headers included", found, size, at_most(1_500))
    heavy = {side: told(bench, "imported", side)["heavy"] for side in SIDES}
    yield row(SUBJECT, "loaded of requests and Celery", heavy, exactly, at_most(0))


def exits(bench: Bench) -> Iterator[Row]:
    """How much longer it takes a process to be gone than one with a locked dict, each at its best.

    The peer leaves once, as it may take as long as the cap.
    """
    for what, open_port in COLLECTORS.items():
        with open_port() as port:
            found = bench.alternate(partial(left, bench, url=url_of(port)), ("dict", "ours"))
            slow = left(bench, "peer", url=url_of(port))
        usual = min(one.number for one in found["dict"])
        ours = Figure(number=min(one.number for one in found["ours"]) - usual)
        peer = Figure(number=slow.number - usual, cut=slow.cut)
        words = f"added to the exit, collector {what}, ms"
        yield Row(subject=SUBJECT, what=words, ours=ours, peer=peer, aim=at_most(5))


def losses(bench: Bench) -> Iterator[Row]:
    """What does not arrive when a second process flushes what a first one has counted."""
    for what, story in (("then SIGKILL", "die"), ("collector down all their life", "flush")):
        lost = {side: COUNTED - arrived(bench, side, story) for side in SIDES}
        yield row(SUBJECT, f"{COUNTED} calls, {what}: lost", lost, exactly, at_most(0))


def host_of(bench: Bench, counter: str, url: str) -> Host:
    """A host with our app, or with neither, whose files nobody else uses."""
    side = "ours" if counter == "ours" else "bare"
    database = bench.used(side)
    state = str(Path(database).parent)
    return Host(
        side=side,
        database=database,
        collector=url,
        celery=False,
        campaigns=1,
        state=state,
    )


def told(bench: Bench, story: str, counter: str, url: str = "", **given: Any) -> dict[str, Any]:
    """What a story has measured that was played to its end."""
    host = host_of(bench, counter, url)
    return bench.gauge(host, "measuring", counter=counter, story=story, **given)


def wired(bench: Bench, counter: str) -> dict[str, Any]:
    """The story of a flush, and what came of it."""
    with collector() as sink:
        found = told(bench, "wire", counter, sink.url, calls=MANY)
        return found | {"sizes": [post.size for post in sink.take()]}


def left(bench: Bench, counter: str, *, url: str) -> Figure:
    """How long a process takes from the end of its work to being gone, in ms."""
    cap = START + bench.cap
    ended = played(bench, host_of(bench, counter, url), counter, "leave", cap=cap, calls=FEW)
    if ended.code is None:
        return Figure(number=bench.cap * 1000, cut=True)
    return Figure(number=(ended.at - ended.found["end"]) * 1000)


def arrived(bench: Bench, counter: str, story: str) -> int:
    """How many events came at the collector, which was down until the second process began."""
    with refusing() as port:
        host = host_of(bench, counter, url_of(port))
        played(bench, host, counter, story, calls=COUNTED)
    with collector() as sink:
        played(bench, replace(host, collector=sink.url), counter, "flush", calls=0)
        bodies = [base64.b64encode(post.body).decode() for post in sink.take()]
    found: int = told(bench, "arrived", counter, bodies=bodies)["arrived"]
    return found


def played(
    bench: Bench, host: Host, counter: str, story: str, *, cap: float = PATIENCE, **given: Any
) -> Ended:
    """Play a story that may end badly, or not at all."""
    arguments = json.dumps({"counter": counter, "story": story, **given})
    command = ("-m", "gauges", "measuring", arguments)
    return bench.launch(host, *command, distributions=USUAL, cap=cap)


def in_terms_of_a_dict(found: list[dict[str, float]]) -> Figure:
    return middle(one["call"] / one["floor"] for one in found)


def p99(found: list[dict[str, float]]) -> Figure:
    return middle(one["p99"] for one in found)


def memory(found: list[dict[str, Any]]) -> Figure:
    return middle(one["memory"] for one in found)


def threads(found: list[dict[str, Any]]) -> Figure:
    return middle(one["threads"] for one in found)


def requests(found: list[dict[str, Any]]) -> Figure:
    return middle(len(one["sizes"]) for one in found)


def size(found: list[dict[str, Any]]) -> Figure:
    return middle(sum(one["sizes"]) for one in found)
