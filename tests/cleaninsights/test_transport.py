from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import time
from datetime import datetime, timezone

import pytest

from metric_collection.cleaninsights import exceptions
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport
from metric_collection.cleaninsights.transport import Answer, RequestsTransport, Transport

TIMEOUT = (2, 2)
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


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


def test_importing_the_transport_does_not_import_requests():
    code = "import sys, metric_collection.cleaninsights.transport; print('requests' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_both_transports_keep_the_protocol():
    transports: list[Transport] = [RequestsTransport(), RecordingTransport()]
    assert all(callable(transport.post) for transport in transports)


@pytest.mark.parametrize(
    ("status", "accepted"), [(200, True), (204, True), (202, False), (302, False), (400, False)]
)
def test_only_200_and_204_mean_accepted(status, accepted):
    assert Answer(status=status).accepted is accepted


def test_a_body_is_posted_as_it_is_with_the_headers_given(serve):
    seen = []
    port = serve(answering(NO_CONTENT, seen=seen))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    assert post(url(port), headers=headers) == Answer(status=204, text="", retry_after=None)
    ((head, body),) = seen
    assert body == b'{"idsite":5}'
    lines = head.split("\r\n")
    assert lines[0] == "POST /ci.php HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Accept-Encoding: identity",
        "Content-Length: 12",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{port}",
        "Idempotency-Key: k",
        "User-Agent: clean-insights-python",
    ]


def test_credentials_of_netrc_are_not_sent(serve, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login operator password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []
    post(url(serve(answering(NO_CONTENT, seen=seen))))
    assert "Authorization" not in seen[0][0]


def test_a_redirect_is_an_answer_and_is_not_followed(serve):
    seen = []
    redirect = b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 9999999\r\n\r\nhere"
    answer = post(url(serve(answering(redirect, seen=seen))))
    assert (answer.status, answer.text, len(seen)) == (307, "here", 1)


def test_no_more_than_a_kibibyte_of_text_is_read(serve):
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: 3000\r\n\r\n"
    answer = post(url(serve(answering(head + "ü".encode() * 1500))))
    assert (answer.status, answer.text) == (400, "ü" * 512)


def test_compressed_text_is_not_inflated(serve):
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n"
    assert post(url(serve(answering(head + b"\x1f\x8b\x08")))).text == "\x1f\ufffd\x08"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ("", None),
        ("Retry-After: 120", 120.0),
        ("Retry-After: Thu, 01 Jan 2026 00:02:00 GMT\r\nDate: Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Retry-After: Thu, 01 Jan 2026 00:02:00 GMT", 120.0),
        ("Retry-After: Thu, 01 Jan 2025 00:02:00 GMT", 0.0),
        ("Retry-After: soon", None),
        ("Retry-After: -1", None),
        ("Retry-After: Thu, 01 Jan 2026 00:02:00 GMT\r\nDate: today", None),
        ("Retry-After: Thu, 01 Jan 2026 00:02:00 -0000", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(serve, headers, seconds):
    head = f"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n{headers}".rstrip() + "\r\n\r\n"
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert post(url(serve(answering(head.encode()))), clock=clock).retry_after == seconds


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_connection_is_told_with_host_and_port_alone():
    port = free_port()
    with pytest.raises(exceptions.ConnectionFailed) as caught:
        post(url(port, "/secret-path?token=secret"))
    assert str(caught.value) == f"no connection to 127.0.0.1:{port}: Connection refused"


def test_a_connection_that_breaks_is_a_failed_connection(serve):
    with pytest.raises(exceptions.ConnectionFailed, match="no connection to 127"):
        post(url(serve(answering())))


def test_an_answer_that_is_not_http_is_a_failed_connection(serve):
    with pytest.raises(exceptions.ConnectionFailed):
        post(url(serve(answering(b"220 mail.example ESMTP\r\n\r\n"))))


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


@pytest.mark.parametrize(
    "url",
    [
        "ci.example/x",
        "ftp://ci.example/x",
        "http:///x",
        "http://[::1/x",
        "http://ci.example:x/",
        "",
    ],
)
def test_what_is_no_url_is_an_invalid_request(url):
    with pytest.raises(exceptions.RequestInvalid, match="no valid request for"):
        post(url)


def test_a_header_that_cannot_be_sent_is_an_invalid_request():
    with pytest.raises(exceptions.RequestInvalid):
        post(url(free_port()), headers={"X": "a\nb"})


def test_plain_text_where_tls_is_expected_is_a_failure_of_tls(serve):
    def plain(connection):
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")

    with pytest.raises(exceptions.TLSFailed, match="TLS failed with 127"):
        post(f"https://127.0.0.1:{serve(plain)}/")


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


def speaking_tls(certificate, handle):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(connection):
        with context.wrap_socket(connection, server_side=True) as stream:
            handle(stream)

    return secured


def test_a_certificate_that_nobody_vouches_for_is_refused(serve, certificate):
    port = serve(speaking_tls(certificate, answering(NO_CONTENT)))
    with pytest.raises(exceptions.TLSFailed, match=f"127.0.0.1:{port}: self.signed certificate"):
        post(f"https://127.0.0.1:{port}/")


def test_a_ca_bundle_named_in_the_environment_is_trusted(serve, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    port = serve(speaking_tls(certificate, answering(NO_CONTENT)))
    assert post(f"https://127.0.0.1:{port}/").status == 204


def test_a_deadline_holds_under_tls_too(serve, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    dripping = answering(*[b"H"] * 60, pause=0.05)
    port = serve(speaking_tls(certificate, dripping))
    with pytest.raises(exceptions.TimedOut):
        post(f"https://127.0.0.1:{port}/", timeout=(2, 0.3))


def test_a_ca_bundle_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(exceptions.TLSFailed, match=r"no CA bundle to trust ci\.example:443"):
        post("https://ci.example/")


def test_a_proxy_from_the_environment_is_used(serve, monkeypatch):
    seen = []
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{serve(answering(NO_CONTENT, seen=seen))}")
    assert post("http://ci.example/ci.php").status == 204
    assert seen[0][0].startswith("POST http://ci.example/ci.php HTTP/1.1")


def test_a_deadline_holds_through_a_proxy_too(serve, monkeypatch):
    port = serve(answering(*[b"H"] * 60, pause=0.05))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    with pytest.raises(exceptions.TimedOut):
        post("http://ci.example/", timeout=(2, 0.3))


@pytest.mark.parametrize("proxy", ["http://user:secret@127.0.0.1:{port}", "http://:80"])
def test_a_proxy_that_leads_nowhere_is_told_apart(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.format(port=free_port()))
    with pytest.raises(
        exceptions.ProxyFailed, match=r"the proxy does not lead to ci\.example:80"
    ) as caught:
        post("http://ci.example/")
    assert "secret" not in str(caught.value)
