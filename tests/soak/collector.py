"""A collector on loopback that fails in one request of twenty."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

FAULTS = 0.05


@dataclass(slots=True)
class Collector:
    """Keeps key and body of each accepted report, in order, and counts the faults by name."""

    chance: random.Random
    url: str = ""
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def fault(self) -> str | None:
        """Choose the fault of a request by name, or None."""
        if self.chance.random() >= FAULTS:
            return None
        name = self.chance.choice(list(KINDS))
        self.faults[name] += 1
        return name


class Handler(BaseHTTPRequestHandler):
    """Answers a post as CIMP does, but for its faults."""

    timeout = 10

    def __init__(self, collector: Collector, *arguments: object) -> None:
        self.collector = collector
        super().__init__(*arguments)

    def do_POST(self) -> None:
        fault = self.collector.fault()
        if fault is None:
            self.take()
            self.answer(204)
        else:
            KINDS[fault](self)

    def take(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.collector.taken.append((self.headers["Idempotency-Key"], body))

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def hang_up(self) -> None:
        """Close the connection: nothing has been read, and nothing is said."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


KINDS: dict[str, Callable[[Handler], None]] = {
    "answered 500": lambda handler: handler.answer(500),
    "answered 429 with Retry-After": lambda handler: handler.answer(429, Retry_After="300"),
    "dropped the connection": Handler.hang_up,
    "took the body, lost the answer": Handler.take,
}


@contextmanager
def collecting(seed: int) -> Iterator[Collector]:
    """Run a collector on a free port of 127.0.0.1; a fleet's requests come one after the other."""
    collector = Collector(random.Random(seed))
    with HTTPServer(("127.0.0.1", 0), partial(Handler, collector)) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}/cleaninsights.php"
        serving = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join(5)
