from __future__ import annotations

import socket
import time

import pytest

from metric_collection.cleaninsights import exceptions
from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.deadline import _Deadline
from tests.harness.sockets import answering, speaking_tls

from .loopback import post, url


@pytest.mark.parametrize(
    ("parts", "pause"),
    [
        pytest.param([b""], 1, id="silent"),
        pytest.param([b"H", b"T", b"T", b"P"] * 30, 0.05, id="drips its head"),
        pytest.param([b"HTTP/1.1 204 No\r\n"] + [b"X: y\r\n"] * 60, 0.05, id="drips headers"),
    ],
)
def test_a_server_that_takes_its_time_is_left(serve, parts, pause):
    port = serve(answering(*parts, pause=pause))
    began = time.monotonic()
    with pytest.raises(exceptions.TimedOut, match=f"no answer in time from 127.0.0.1:{port}"):
        post(url(port), timeout=(2, 0.3))
    assert time.monotonic() - began < 1


def test_text_that_drips_is_given_up_and_the_status_counts(serve):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
    port = serve(answering(head, *[b"x"] * 60, pause=0.05))
    began = time.monotonic()
    assert post(url(port), timeout=(2, 0.3)) == Answer(status=200)
    assert time.monotonic() - began < 1


def test_what_has_come_after_the_time_is_up_is_not_read():
    near, far = socket.socketpair()
    with near, far, near.makefile("rb", buffering=0) as stream:
        near.settimeout(0.001)
        deadline = _Deadline(near, stream)
        far.send(b"too late")
        time.sleep(0.01)
        with pytest.raises(TimeoutError):
            deadline.read(8)


def test_a_deadline_holds_under_tls_too(serve, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    dripping = answering(*[b"H"] * 60, pause=0.05)
    port = serve(speaking_tls(certificate, dripping))
    with pytest.raises(exceptions.TimedOut):
        post(f"https://127.0.0.1:{port}/", timeout=(2, 0.3))


def test_a_deadline_holds_through_a_proxy_too(serve, monkeypatch):
    port = serve(answering(*[b"H"] * 60, pause=0.05))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    with pytest.raises(exceptions.TimedOut):
        post("http://ci.example/", timeout=(2, 0.3))
