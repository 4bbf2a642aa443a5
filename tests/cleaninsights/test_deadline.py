from __future__ import annotations

import socket
import time

import pytest

from metric_collection.cleaninsights import exceptions
from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.deadline import _Deadline, connect, look_up
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


def test_bytes_after_the_deadline_are_not_read():
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


def addresses(*hosts_and_ports):
    stream = socket.SOCK_STREAM
    return [(socket.AF_INET, stream, 6, "", address) for address in hosts_and_ports]


@pytest.fixture
def full():
    """The address of a server that takes no further connection, nor refuses one."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = []
        for _ in range(8):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(address)
        yield address
        for each in waiting:
            each.close()


def test_all_addresses_of_a_host_share_one_timeout(full, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses(*[full] * 9))
    began = time.monotonic()
    with pytest.raises(exceptions.TimedOut, match=r"from dead\.example:80"):
        post("http://dead.example/", timeout=(0.45, 5))
    assert time.monotonic() - began < 1


def test_a_dead_address_leaves_time_for_the_one_that_answers(full, serve, monkeypatch):
    alive = ("127.0.0.1", serve(answering(b"HTTP/1.1 204 No Content\r\n\r\n")))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses(full, alive))
    assert post("http://half.example/", timeout=(1, 5)).status == 204


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1))
    began = time.monotonic()
    with pytest.raises(exceptions.TimedOut):
        post("http://unknown.example/", timeout=(0.1, 5))
    assert time.monotonic() - began < 0.5


def test_a_look_up_that_used_up_the_time_leaves_none_to_connect(monkeypatch):
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: time.sleep(0.05) or addresses(("127.0.0.1", 9))
    )
    with pytest.raises(TimeoutError):
        connect("slow.example", 80, timeout=0.05)


def test_an_unknown_host_is_a_failed_connection(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(exceptions.ConnectionFailed, match="Name or service not known"):
        post("http://unknown.example/")
    with pytest.raises(socket.gaierror):
        look_up("unknown.example", 80, timeout=1)
