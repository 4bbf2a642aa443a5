"""What the hosts talk to: a collector that answers, a port that refuses, one that swallows."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

HERE = "127.0.0.1"
NOWHERE = f"http://{HERE}:9"  # nothing listens on the port of the discard service


class CameOtherwise(Exception):
    """What was measured is not what came at the collector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What was posted, and how many bytes went over the wire for it, headers included."""

    body: bytes
    size: int


class Handler(BaseHTTPRequestHandler):
    """Takes any post as Clean Insights' own proxy does, with 204, unless told otherwise."""

    server: "Collector"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = len(self.raw_requestline) + len(self.headers.as_bytes(policy=HTTP))
        self.server.posts.append(Post(body=body, size=head + len(body)))
        if self.server.status == 204:
            self.server.keys.append(self.headers["Idempotency-Key"] or str(uuid4()))
        if self.server.silent:
            self.server.silent -= 1
            return
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Collector(ThreadingHTTPServer):
    """Keeps everything that was posted until it is taken; hangs up on the first `silent` posts.

    `keys` is by what it tells the posts apart that it has accepted: each without a key is one of its own.
    """

    daemon_threads = True

    def __init__(self, status: int = 204) -> None:
        super().__init__((HERE, 0), Handler)
        self.status = status
        self.silent = 0
        self.keys: list[str] = []
        self.posts: list[Post] = []

    @property
    def url(self) -> str:
        return url_of(self.server_port)

    def take(self) -> list[Post]:
        """The posts since the last time."""
        posts, self.posts = self.posts, []
        return posts

    def taken(self) -> list[str]:
        """The category of each post since the last time."""
        return [json.loads(post.body)["events"][0]["category"] for post in self.take()]

    def expect(self, *categories: str) -> None:
        """Take the posts, and refuse to go on when they are not these."""
        if (came := self.taken()) != list(categories):
            raise CameOtherwise(f"expected {categories}, but {came} came")


@contextmanager
def collector(status: int = 204) -> Iterator[Collector]:
    """A collector that answers with this status."""
    with Collector(status) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def refusing() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with closing(socket.socket()) as taken:
        taken.bind((HERE, 0))
        yield taken.getsockname()[1]


@contextmanager
def swallowing() -> Iterator[int]:
    """A port that takes connections and whatever comes over them, and never answers."""
    with closing(socket.socket()) as silent:
        silent.bind((HERE, 0))
        silent.listen()
        yield silent.getsockname()[1]


def url_of(port: int) -> str:
    """Where a collector is, or would be."""
    return f"http://{HERE}:{port}/cleaninsights.php"
