from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, suppress

import pytest


@pytest.fixture
def serve():
    """serve(handle) -> port on loopback; handle is called with each connection, one at a time."""
    with ExitStack() as stack:
        yield lambda handle: stack.enter_context(_Server(handle)).port


class _Server:
    def __init__(self, handle):
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listener.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(10)
                    self._handle(connection)
