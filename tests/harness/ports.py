"""Ports behind which nothing works: one refuses connections, one takes them and never answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Listener:
    """A listening socket on loopback whose owner never reads nor writes."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port = listener.getsockname()[1]

    def callers(self) -> int:
        """Count, and hang up on, everybody who has connected since the last look."""
        count = 0
        while True:
            try:
                caller, _ = self._listener.accept()
            except BlockingIOError:
                return count
            caller.close()
            count += 1


@contextmanager
def swallowing() -> Iterator[Listener]:
    """Take connections and say nothing, as a firewall in the way or a stopped process does."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.setblocking(False)
        yield Listener(listener)


@contextmanager
def refusing() -> Iterator[int]:
    """Keep a port on which nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
