"""A collector on loopback that keeps every request, and answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from metric_collection.cleaninsights.payload import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request, as it came."""

    body: bytes
    headers: Mapping[str, str]
    at: float = field(default_factory=time.time)

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]

    @property
    def events(self) -> list[dict[str, Any]]:
        return decode(self.body)["events"]

    @property
    def category(self) -> str:
        return self.events[0]["category"]

    @property
    def facts(self) -> dict[str, str]:
        return {event["action"]: event["name"] for event in self.events}


class Collector:
    """Keeps what arrives, in order; `status` is what it answers, after a `delay` in seconds.

    `hold` makes it answer nothing.
    """

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.status = 204
        self.delay = 0.0
        self.hold = threading.Event()
        self.ended = threading.Event()
        self.url = ""
        self._changed = threading.Condition()

    def receive(self, arrival: Arrival) -> None:
        with self._changed:
            self.arrivals.append(arrival)
            self._changed.notify_all()

    def await_arrivals(self, count: int, *, seconds: float = 30) -> list[Arrival]:
        """Wait for so many requests in all, and return them; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.arrivals) >= count, seconds)
        assert came, f"{len(self.arrivals)} of {count} requests in {seconds} s: {self.categories}"
        return self.arrivals

    @property
    def categories(self) -> list[str]:
        return [arrival.category for arrival in self.arrivals]


class Handler(BaseHTTPRequestHandler):
    """Takes a POST to any path; while the collector holds, the connection stays open, unanswered."""

    timeout = 30

    def __init__(self, collector: Collector, *arguments: Any) -> None:
        self.collector = collector
        super().__init__(*arguments)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it has died, or hung up
            return
        self.collector.receive(Arrival(body=body, headers=dict(self.headers)))
        if self.collector.hold.is_set():
            self.collector.ended.wait(30)
            return
        self.collector.ended.wait(self.collector.delay)
        self.send_response(self.collector.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Leave pytest's output alone."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port of 127.0.0.1."""
    collector = Collector()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, collector)) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}/cleaninsights.php"
        serving = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        serving.start()
        try:
            yield collector
        finally:
            collector.ended.set()
            server.shutdown()
            serving.join(5)
