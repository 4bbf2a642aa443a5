"""Servers on loopback that do to each connection exactly what a test says, and certificates for them."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

Handle = Callable[[socket.socket], object]


@contextmanager
def serving(handle: Handle) -> Iterator[int]:
    """Handle each connection, one at a time, on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=serve, args=[listener, handle])
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


def serve(listener: socket.socket, handle: Handle) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(10)
                handle(connection)


def answering(
    *parts: bytes, pause: float = 0.0, seen: list[tuple[str, bytes]] | None = None
) -> Handle:
    """Handle a connection: read the request, then send the parts with a pause before each."""
    return answering_with(lambda: parts, pause=pause, seen=seen)


def answering_with(
    parts: Callable[[], Iterable[bytes]],
    *,
    pause: float = 0.0,
    seen: list[tuple[str, bytes]] | None = None,
) -> Handle:
    """The same for an answer that is made anew each time, as one without an end has to be."""

    def handle(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        for part in parts():
            time.sleep(pause)
            connection.sendall(part)

    return handle


def read_request(connection: socket.socket) -> tuple[str, bytes]:
    """Return head and body of one request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, body = data.split(b"\r\n\r\n", 1)
    length = next(
        int(line.partition(b":")[2])
        for line in head.splitlines()
        if line.startswith(b"Content-Length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode(), body


def speaking_tls(certificate: Path, handle: Handle) -> Handle:
    """Handle a connection over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as stream:
            handle(stream)

    return secured


def certificate_for(name: str, folder: Path) -> Path:
    """A certificate for a name that nobody vouches for but itself, in one file with its key."""
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate: install openssl")
    target = folder / "both.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    names = f"-addext subjectAltName={name} -keyout both.pem -out certificate.pem"
    subprocess.run([*make.split(), *names.split()], cwd=folder, capture_output=True, check=True)
    with target.open("a") as both:
        both.write((folder / "certificate.pem").read_text())
    return target
