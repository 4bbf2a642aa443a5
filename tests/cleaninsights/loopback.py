"""Posts to servers on loopback."""

from __future__ import annotations

import socket

from metric_collection.cleaninsights.transport import RequestsTransport

TIMEOUT = (2, 2)
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def post(url, *, timeout=TIMEOUT, headers=(), clock=None):
    transport = RequestsTransport(clock=clock) if clock else RequestsTransport()
    return transport.post(url, b'{"idsite":5}', headers=dict(headers), timeout=timeout)


def url(port, path="/ci.php"):
    return f"http://127.0.0.1:{port}{path}"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
