"""A relay between a host and a server, so that the server can seem to die, to hang, and to be back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes on in both directions, until it is told to swallow them or to cut all connections."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._flows = threading.Event()
        self._flows.set()
        self._pairs: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._listener)

    def swallow(self) -> None:
        """Keep connections, take new ones, and pass nothing on."""
        self._flows.clear()

    def cut(self) -> None:
        """Hang up on everybody, and take no one any more."""
        self._shut(self._listener)
        self._hang_up()

    def restore(self) -> None:
        """Be there again; what was swallowed goes on its way, as it does after a gap in the network."""
        self._flows.set()
        if self._listener.fileno() == -1:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._start(self._listener)

    def close(self) -> None:
        """End every thread."""
        self._flows.set()
        self.cut()

    def _start(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._server)
                self._pairs += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        self._shut(source)
        self._shut(target)

    def _hang_up(self) -> None:
        pairs, self._pairs = self._pairs, []
        for each in pairs:
            self._shut(each)

    @staticmethod
    def _shut(each: socket.socket) -> None:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def relaying(host: str, port: int) -> Iterator[Relay]:
    """Run a relay on a free port of 127.0.0.1."""
    relay = Relay(host, port)
    try:
        yield relay
    finally:
        relay.close()
