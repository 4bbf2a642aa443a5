"""Whatever answers at the collector's address: an outcome in the record, in time, and nothing else."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.exceptions import TransportError
from metric_collection.cleaninsights.transport import RequestsTransport
from metric_collection.models import Report
from metric_collection.outbox import seal
from metric_collection.reporting.delivery import Delivery

from .strategies import examples, moderate, undone

TIMEOUT = (1, 0.5)
State = Report.State


class Impostor(ThreadingTCPServer):
    """Takes a request on loopback and answers with `answer`, whatever that is."""

    daemon_threads = True
    answer: Iterable[bytes] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


class Talk(StreamRequestHandler):
    timeout = 5

    def handle(self) -> None:
        lines = list(itertools.takewhile(str.strip, iter(self._line, None)))
        self.rfile.read(next(int(line[15:]) for line in lines if line.startswith("Content-Length")))
        with suppress(OSError):  # a client that has heard enough hangs up
            for part in self.server.answer:
                self.wfile.write(part)

    def _line(self) -> str:
        return self.rfile.readline().decode()


@pytest.fixture(scope="module")
def impostor() -> Iterator[Impostor]:
    with Impostor(("127.0.0.1", 0), Talk) as impostor:
        serving = threading.Thread(target=impostor.serve_forever, args=[0.05])
        serving.start()
        yield impostor
        impostor.shutdown()
        serving.join()


def post(impostor: Impostor) -> Answer | str:
    """Return the answer, or why there is none."""
    begun = time.monotonic()
    try:
        return RequestsTransport().post(impostor.url, b"{}", headers={}, timeout=TIMEOUT)
    except TransportError as error:
        return str(error)
    finally:
        assert time.monotonic() - begun < 10 * sum(TIMEOUT)  # on a machine that is busy


lines = st.sampled_from(
    [
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.0 200",
        b"HTTP/1.1 99999 Beyond",
        b"HTTP/1.1 -5 Below",
        b"HTTP/9.9 200 OK",
        b"HTTP/1.1 2e2 OK",
        b"HTTP/1.1 101 Switching",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 301 Moved",
        b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK",
        b"ICY 200 OK",
        b"",
    ]
)
headers = st.sampled_from(
    [
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Content-Length: 5, 7",
        b"Transfer-Encoding: chunked",
        b"Content-Encoding: gzip",
        b"Content-Type: text/html; charset=nowhere",
        b"Location: http://127.0.0.1:9/elsewhere",
        b"Location: \xff\xfe",
        b"Set-Cookie: a=b; Domain=.; Expires=Never",
        b"Retry-After: 99999999999999999999999999",
        b"Retry-After: -1",
        b"Retry-After: inf",
        b"Retry-After: Thu, 01 Jan 99999 00:00:00 +99999999999999",
        b"Retry-After: Mon, 01 Jan 0001 00:00:00 GMT",
        b"Date: nonsense",
        b"WWW-Authenticate: Basic realm=x",
        b"no colon",
        b": nothing",
        b"X: \x00\x01\x02",
        b" folded",
    ]
)
responses = st.builds(
    lambda line, fields, body: [b"\r\n".join([line, *fields, b"", body])],
    lines,
    st.lists(headers, max_size=5),
    st.binary(max_size=40) | st.sampled_from([b"ZZZ\r\n", b"FFFFFFFFFFFFFFFF\r\n", b"5\r\nab"]),
)


@examples(100)
@given(answer=responses | st.binary(max_size=300).map(lambda garbage: [garbage]))
@example(answer=[b"HTTP/1.1 503 x\r\nRetry-After: Thu, 01 Jan 2026 00:00:00 +9999999999\r\n\r\n"])
@example(answer=[b"HTTP/1.1 503 x\r\nRetry-After: Thu, 01 Jan 2026 99:99:99 GMT\r\n\r\n"])
def test_any_answer_is_one_or_a_transport_error(impostor, answer):
    impostor.answer = answer
    found = post(impostor)
    if isinstance(found, Answer):
        assert 100 <= found.status <= 999
        assert len(found.text) <= 1024
        assert found.retry_after is None or found.retry_after >= 0


def endlessly(part: bytes, start: bytes = b"HTTP/1.1 204 No Content\r\n") -> Iterator[bytes]:
    return itertools.chain([start], itertools.repeat(part))


def slowly(parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        time.sleep(0.1)
        yield part


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (lambda: endlessly(b"x" * 65536, b"HTTP/1.1 200 OK\r\n\r\n"), True),
        (lambda: endlessly(b"X: y\r\n" * 1000), False),
        (lambda: endlessly(b"x" * 65536), False),
        (lambda: endlessly(b"HTTP/1.1 100 Continue\r\n\r\n", b""), False),
        (lambda: slowly(endlessly(b"X: y\r\n")), False),
        (lambda: slowly(endlessly(b"x", b"HTTP/1.1 200 OK\r\n\r\n")), True),
    ],
    ids=["body", "headers", "header", "continue", "slow headers", "slow body"],
)
def test_an_endless_answer_ends_here(impostor, answer, accepted):
    impostor.answer = answer()
    found = post(impostor)
    assert isinstance(found, Answer) is accepted


@pytest.mark.django_db
@moderate
@given(answer=responses)
def test_a_report_is_delivered_only_if_it_was_taken(impostor, answer):
    impostor.answer = answer
    with (
        undone(),
        override_settings(
            METRIC_COLLECTION_COLLECTOR_URL=impostor.url, METRIC_COLLECTION_TIMEOUT=TIMEOUT
        ),
    ):
        report = seal([], category="Install", now=Delivery().clock())
        Delivery().deliver()
        report.refresh_from_db()
    taken = answer[0].startswith((b"HTTP/1.1 204", b"HTTP/1.0 200", b"HTTP/9.9 200"))
    assert taken or report.state in (State.QUEUED, State.GIVEN_UP)
    assert report.outcome
    assert report.leased_until is None
