"""Servers on loopback that do as they are told, and posts to them."""

from __future__ import annotations

import socket
import ssl
import time

from metric_collection.cleaninsights.transport import RequestsTransport

TIMEOUT = (2, 2)
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def post(url, *, timeout=TIMEOUT, headers=(), clock=None):
    transport = RequestsTransport(clock=clock) if clock else RequestsTransport()
    return transport.post(url, b'{"idsite":5}', headers=dict(headers), timeout=timeout)


def read_request(connection):
    """Return head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, body = data.split(b"\r\n\r\n", 1)
    while len(body) < len(b'{"idsite":5}'):
        body += connection.recv(65536)
    return head.decode(), body


def answering(*parts, pause=0.0, seen=None):
    """Handle a connection: read the request, then send the parts with a pause before each."""

    def handle(connection):
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        for part in parts:
            time.sleep(pause)
            connection.sendall(part)

    return handle


def url(port, path="/ci.php"):
    return f"http://127.0.0.1:{port}{path}"


def speaking_tls(certificate, handle):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(connection):
        with context.wrap_socket(connection, server_side=True) as stream:
            handle(stream)

    return secured


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
