"""One deadline for the whole of an HTTP answer.

A socket's timeout is for each read alone: a server that sends a byte now and then holds its
client for as long as it likes. Here the timeout that urllib3 sets before it reads an answer is
the time for all reads of that answer together.
"""

from __future__ import annotations

import io
import time
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socket import socket

    from urllib3 import PoolManager


def bound(manager: PoolManager) -> None:
    """Give every connection that a pool manager opens from now on a deadline for each answer."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


@cache
def _bounded(pool: Any) -> Any:
    """Derive from whatever pool it is (plain, TLS, SOCKS) one with other responses."""
    connection = pool.ConnectionCls
    response = {"response_class": staticmethod(_bounded_response)}
    return type(
        pool.__name__,
        (pool,),
        {"ConnectionCls": type(connection.__name__, (connection,), response)},
    )


def _bounded_response(sock: socket, *args: Any, **kwargs: Any) -> HTTPResponse:
    response = HTTPResponse(sock, *args, **kwargs)
    response.fp = io.BufferedReader(_Deadline(sock, response.fp.detach()))
    return response


class _Deadline(io.RawIOBase):
    """A socket's stream whose reads together may last as long as one alone might."""

    def __init__(self, sock: socket, stream: io.RawIOBase) -> None:
        self._sock = sock
        self._stream = stream
        self._end = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
