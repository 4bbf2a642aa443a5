"""The web server of an embedded collector, and its worker in a process of its own.

In a thread of the web server the roll-up would compete with requests for the interpreter.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from ..conf import conf

LARGEST_UPLOAD = 64 * 2**20
CONNECTIONS = 500
STALLED = 20  # seconds after which an idle connection is closed
GRACE = 0.7  # seconds that a request in progress has when the server is stopped
RESTART_AFTER = 1.0
STOPS = (signal.SIGTERM, signal.SIGINT)


class Server(Protocol):
    """The interface of both web servers."""

    def run(self) -> Any: ...


class SilentHandler(WSGIRequestHandler):
    """Logs no request: each line would have an address."""

    def log_message(self, *_: Any) -> None:
        pass


class DevelopmentServer(ThreadedWSGIServer):
    daemon_threads = True

    def run(self) -> None:
        self.serve_forever()


def server_for(application: Any, host: str, port: int) -> tuple[Server, int]:
    """Bind a server; return it with the port taken. Without waitress it is Django's own, with a warning."""
    try:
        from waitress.server import create_server  # noqa: PLC0415  an extra
    except ImportError:
        sys.stderr.write(
            "waitress is not installed: stalled connections will hold threads. Install"
            " django-metric-collection[collector].\n"
        )
        plain = DevelopmentServer((host, port), SilentHandler)
        plain.set_app(application)
        return plain, plain.server_address[1]
    # One socket of our own: waitress opens one for each address of a name, and has no one port then.
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.create_server(address[:2], family=family)
    server = create_server(
        application,
        sockets=[listening],
        threads=8,
        connection_limit=CONNECTIONS,
        channel_timeout=STALLED,
        cleanup_interval=5,
        max_request_body_size=max(conf.MAX_BODY, LARGEST_UPLOAD),
        clear_untrusted_proxy_headers=False,  # the limiter reads X-Forwarded-For by PROXIES
        ident=None,
    )
    return server, listening.getsockname()[1]


def serve(
    server: Server, announce: Callable[[], None], *, leave: Callable[[int], Any] = os._exit
) -> None:
    """Serve until SIGTERM or Ctrl-C. Then end within a second: unanswered reports are sent again."""

    def stop(*_: Any) -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        threading.Timer(GRACE, leave, [0]).start()
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        for number in STOPS:
            signal.signal(number, stop)
        announce()
        server.run()


@contextmanager
def worker(command: Sequence[str]) -> Iterator[None]:
    """Run a process beside the block, again whenever it ends; terminate it with the block."""
    ended, starting = threading.Event(), threading.Lock()
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603  our own command

    def watch() -> None:
        nonlocal process
        while True:
            process.wait()
            ended.wait(RESTART_AFTER)
            with starting:
                if ended.is_set():
                    return
                process = subprocess.Popen(command, start_new_session=True)  # noqa: S603

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        with starting:
            process.terminate()
        watching.join(GRACE)


def sleep_beside(parent: int) -> Callable[[float], None]:
    """Return a sleep that ends the process once its parent is gone, which may have been killed."""

    def sleep(seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if os.getppid() != parent and os.name == "posix":
                sys.exit()
            time.sleep(min(1.0, left))

    return sleep
