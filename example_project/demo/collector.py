"""A collector on loopback: what CIMP is to a real product, for as long as the demo runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from metric_collection.cleaninsights.payload import PayloadError, decode

LIMIT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request: the decoded body, or why it was refused."""

    body: dict[str, Any]
    size: int
    key: str
    refusal: str = ""

    @property
    def status(self) -> int:
        return 400 if self.refusal else 204

    @property
    def category(self) -> str:
        """Install, Upgrade or Heartbeat; empty for a body that was refused."""
        return next((event["category"] for event in self.body.get("events", ())), "")

    @property
    def facts(self) -> dict[str, str]:
        return {event["action"]: event.get("name", "") for event in self.body.get("events", ())}


class Collector:
    """Everything that arrived so far, in order."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.url = ""
        self._changed = threading.Condition()

    def receive(self, arrival: Arrival) -> None:
        with self._changed:
            self.arrivals.append(arrival)
            self._changed.notify_all()

    def await_category(self, category: str, *, after: int, seconds: float) -> Arrival | None:
        """Wait for a body of `category`, or one that is refused, from arrival number `after` on."""

        def found() -> Arrival | None:
            late = self.arrivals[after:]
            return next((a for a in late if a.refusal or a.category == category), None)

        with self._changed:
            self._changed.wait_for(found, timeout=seconds)
            return found()

    def await_more(self, *, than: int, seconds: float) -> list[Arrival]:
        """Wait for anything beyond the first `than` arrivals."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.arrivals) > than, timeout=seconds)
            return self.arrivals[than:]


class Handler(BaseHTTPRequestHandler):
    """Answers like CIMP: 204 to a body that keeps the schema, 400 to any other."""

    timeout = 10

    def __init__(self, collector: Collector, *args: Any) -> None:
        self.collector = collector
        super().__init__(*args)

    def do_POST(self) -> None:
        raw = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LIMIT))
        arrival = self.judge(raw, self.headers.get("Idempotency-Key", ""))
        self.send_response(arrival.status)
        self.end_headers()
        self.collector.receive(arrival)

    def judge(self, raw: bytes, key: str) -> Arrival:
        try:
            return Arrival(body=decode(raw), size=len(raw), key=key)
        except PayloadError as error:
            return Arrival(body={}, size=len(raw), key=key, refusal=str(error))

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the story."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port of 127.0.0.1."""
    collector = Collector()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, collector)) as server:
        threading.Thread(target=server.serve_forever, args=[0.1], daemon=True).start()
        collector.url = f"http://127.0.0.1:{server.server_port}/cleaninsights.php"
        try:
            yield collector
        finally:
            server.shutdown()
