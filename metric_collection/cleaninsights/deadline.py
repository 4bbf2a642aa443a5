"""A bound on the time that one HTTP request takes.

A socket's timeout applies to each address of a host and to each read: a host with nine dead addresses, a
slow name server or a server that sends a byte now and then holds its client far longer. Here the timeouts
that urllib3 sets are totals: for the look-up and all connection attempts, and for all reads of an answer.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

if TYPE_CHECKING:
    from urllib3 import PoolManager


def bound(manager: PoolManager) -> None:
    """Bound every connection that a pool manager opens from now on, and each answer on it."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


@cache
def _bounded(pool: Any) -> Any:
    """Derive a bounded pool from a plain, TLS or SOCKS one."""
    connection = pool.ConnectionCls
    bounds: dict[str, Any] = {"response_class": staticmethod(_bounded_response)}
    if connection._new_conn is HTTPConnection._new_conn:  # SOCKS connects in a way of its own
        bounds["_new_conn"] = _new_connection
    return type(
        pool.__name__, (pool,), {"ConnectionCls": type(connection.__name__, (connection,), bounds)}
    )


def _new_connection(self: Any) -> socket.socket:
    """Connect as urllib3 does, within the connection's timeout as a whole."""
    try:
        return connect(
            self._dns_host, self.port, timeout=self.timeout, options=self.socket_options or ()
        )
    except TimeoutError as error:
        raise ConnectTimeoutError(self, f"no connection in {self.timeout} s") from error
    except OSError as error:
        raise NewConnectionError(self, str(error)) from error


def connect(host: str, port: int, *, timeout: float, options: Any = ()) -> socket.socket:
    """Connect to the first address of `host` that answers; all of it takes `timeout` seconds at most.

    Each address gets an equal share of the time left, so that a dead IPv6 route does not use it up.
    """
    end = time.monotonic() + timeout
    addresses = look_up(host, port, timeout=timeout)
    failure: OSError = TimeoutError("timed out")
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        share = (end - time.monotonic()) / (len(addresses) - tried)
        if share <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options:
                sock.setsockopt(*option)
            sock.settimeout(share)
            sock.connect(address)
        except OSError as error:
            failure = error
            sock.close()
        else:
            sock.settimeout(timeout)  # of the TLS handshake
            return sock
    raise failure


def look_up(host: str, port: int, *, timeout: float) -> list[Any]:
    """Return the addresses of a host, or raise TimeoutError: getaddrinfo itself knows no timeout."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001  raised below, in the caller's thread
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="metric_collection look-up")
    thread.start()
    thread.join(timeout)
    if not found:
        raise TimeoutError("timed out")
    if isinstance(found[0], Exception):
        raise found[0]
    addresses: list[Any] = found[0]
    return addresses


def _bounded_response(sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
    response = HTTPResponse(sock, *args, **kwargs)
    response.fp = io.BufferedReader(_Deadline(sock, response.fp.detach()))
    return response


class _Deadline(io.RawIOBase):
    """A socket's stream whose reads together may last as long as one alone might."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase) -> None:
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
