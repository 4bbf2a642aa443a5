"""Reports at a steady rate to a server that is busy: a late answer counts from when it should have been asked."""

from __future__ import annotations

import http.client
import queue
import threading
import time
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

SENDERS = 24


def latencies(url: str, bodies: Sequence[bytes], *, rate: float, seconds: float) -> list[float]:
    """Post at `rate` a second, each by a connection of its own; return seconds until each answer, sorted."""
    address = urlsplit(url)
    due: queue.Queue[tuple[float, bytes] | None] = queue.Queue()
    taken: list[float] = []

    def send() -> None:
        while (each := due.get()) is not None:
            moment, body = each
            connection = http.client.HTTPConnection(
                address.hostname or "", address.port, timeout=30
            )
            headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
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
        due.put((moment, bodies[number % len(bodies)]))
    for _ in senders:
        due.put(None)
    for sender in senders:
        sender.join()
    return sorted(taken)
