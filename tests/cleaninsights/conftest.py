from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.harness.sockets import certificate_for, serving


@pytest.fixture
def serve():
    """serve(handle) -> port on loopback; handle is called with each connection, one at a time."""
    with ExitStack() as stack:
        yield lambda handle: stack.enter_context(serving(handle))


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def certificate(tmp_path):
    return certificate_for("IP:127.0.0.1", tmp_path)
