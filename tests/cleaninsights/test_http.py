from __future__ import annotations

from datetime import datetime, timezone

import pytest

from metric_collection.cleaninsights import exceptions
from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.testing import FrozenClock
from tests.harness.sockets import answering, speaking_tls

from .loopback import NO_CONTENT, free_port, post, url


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


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        ("acme:s%C3%A9cret@", "Basic YWNtZTpzw6ljcmV0"),
        ("acme@", "Basic YWNtZTo="),
        (":token@", "Basic OnRva2Vu"),
    ],
)
def test_credentials_of_the_url_are_sent_as_basic_authentication(serve, credentials, sent):
    seen = []
    port = serve(answering(NO_CONTENT, seen=seen))
    assert post(f"http://{credentials}127.0.0.1:{port}/ci.php").status == 204
    assert f"Authorization: {sent}" in seen[0][0].split("\r\n")
    assert seen[0][0].startswith("POST /ci.php HTTP/1.1")


def test_credentials_of_the_url_are_in_no_error():
    with pytest.raises(exceptions.ConnectionFailed) as caught:
        post(f"http://acme:secret@127.0.0.1:{free_port()}/")
    assert "secret" not in str(caught.value)


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
        ("Retry-After: Thu, 01 Jan 2026 00:02:00 +99999999999999", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(serve, headers, seconds):
    head = f"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n{headers}".rstrip() + "\r\n\r\n"
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert post(url(serve(answering(head.encode()))), clock=clock).retry_after == seconds


def test_a_refused_connection_is_described_with_host_and_port_only():
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
def test_an_invalid_url_is_an_invalid_request(url):
    with pytest.raises(exceptions.RequestInvalid, match="no valid request for"):
        post(url)


def test_the_message_of_an_error_can_be_stored_in_any_database():
    with pytest.raises(exceptions.RequestInvalid, match="lone\ufffd nul\ufffd:80"):
        post("http://lone\ud800 nul\x00/")


def test_a_header_that_cannot_be_sent_is_an_invalid_request():
    with pytest.raises(exceptions.RequestInvalid):
        post(url(free_port()), headers={"X": "a\nb"})


def test_plain_text_where_tls_is_expected_is_a_failure_of_tls(serve):
    def plain(connection):
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")

    with pytest.raises(exceptions.TLSFailed, match="TLS failed with 127"):
        post(f"https://127.0.0.1:{serve(plain)}/")


def test_an_untrusted_certificate_is_refused(serve, certificate):
    port = serve(speaking_tls(certificate, answering(NO_CONTENT)))
    with pytest.raises(exceptions.TLSFailed, match=f"127.0.0.1:{port}: self.signed certificate"):
        post(f"https://127.0.0.1:{port}/")


def test_a_ca_bundle_named_in_the_environment_is_trusted(serve, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    port = serve(speaking_tls(certificate, answering(NO_CONTENT)))
    assert post(f"https://127.0.0.1:{port}/").status == 204


def test_a_missing_ca_bundle_is_a_failure_of_tls(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(exceptions.TLSFailed, match=r"no CA bundle to trust ci\.example:443"):
        post("https://ci.example/")


def test_a_proxy_from_the_environment_is_used(serve, monkeypatch):
    seen = []
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{serve(answering(NO_CONTENT, seen=seen))}")
    assert post("http://ci.example/ci.php").status == 204
    assert seen[0][0].startswith("POST http://ci.example/ci.php HTTP/1.1")


@pytest.mark.parametrize("proxy", ["http://user:secret@127.0.0.1:{port}", "http://:80"])
def test_a_failing_proxy_has_an_error_of_its_own(proxy, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy.format(port=free_port()))
    with pytest.raises(
        exceptions.ProxyFailed, match=r"the proxy does not lead to ci\.example:80"
    ) as caught:
        post("http://ci.example/")
    assert "secret" not in str(caught.value)
