from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import ExitStack, suppress

import pytest


@pytest.fixture
def serve():
    """serve(handle) -> port on loopback; handle is called with each connection, one at a time."""
    with ExitStack() as stack:
        yield lambda handle: stack.enter_context(_Server(handle)).port


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def certificate(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("needs the openssl command to make a certificate: install openssl")
    target = tmp_path / "both.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    names = "-addext subjectAltName=IP:127.0.0.1 -keyout both.pem -out certificate.pem"
    subprocess.run([*make.split(), *names.split()], cwd=tmp_path, capture_output=True, check=True)
    with target.open("a") as both:
        both.write((tmp_path / "certificate.pem").read_text())
    return target


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
