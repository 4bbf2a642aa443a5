"""Reports at a steady rate to a server that is busy: a late answer counts from when it should have been asked."""

from __future__ import annotations

import http.client
import multiprocessing
import queue
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from .project import network

SENDERS = 24
FLOODING = 8  # connections that are kept


def latencies(
    url: str, bodies: Sequence[bytes], *, rate: float, seconds: float, is_proxied: bool = False
) -> list[float]:
    """Post at `rate` a second, each by a connection of its own; return seconds until each answer, sorted.

    With `is_proxied`, each comes from a network of its own, as our proxy would state it.
    """
    address = urlsplit(url)
    due: queue.Queue[tuple[float, bytes, int] | None] = queue.Queue()
    taken: list[float] = []

    def send() -> None:
        while (each := due.get()) is not None:
            moment, body, number = each
            connection = http.client.HTTPConnection(
                address.hostname or "", address.port, timeout=30
            )
            headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
            if is_proxied:
                headers["X-Forwarded-For"] = network(number)
            connection.request("POST", "/cleaninsights.php", body, headers)
            status = connection.getresponse().status
            connection.close()
            taken.append(time.monotonic() - moment if status == 204 else float("inf"))

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        moment = began + number / rate
        time.sleep(max(0.0, moment - time.monotonic()))
        due.put((moment, bodies[number % len(bodies)], number))
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    return sorted(taken)


@contextmanager
def flooding(url: str, body: bytes, *, rate: float) -> Iterator[multiprocessing.Value]:
    """Post the same body again and again from one network, beside the block; yields the number of answers."""
    answered = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=flood, args=[url, body, rate, answered], daemon=True)
    process.start()
    try:
        yield answered
    finally:
        process.kill()
        process.join()


def flood(url: str, body: bytes, rate: float, answered: multiprocessing.Value) -> None:
    """Post at `rate` a second by a few connections that are kept, with little CPU of our own."""
    address = urlsplit(url)
    head = f"POST /cleaninsights.php HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    request = f"{head}X-Forwarded-For: 198.18.0.1\r\n\r\n".encode() + body

    def send() -> None:
        began, answers, held = time.monotonic(), 0, None
        while True:
            held = held or socket.create_connection((address.hostname, address.port))
            held.sendall(request)
            if b"Connection: close" in held.recv(4096):  # after the 204 of a report that is let in
                held.close()
                held = None
            answers += 1
            with answered.get_lock():
                answered.value += 1
            time.sleep(max(0.0, began + answers * FLOODING / rate - time.monotonic()))

    senders = [threading.Thread(target=send) for _ in range(FLOODING)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
