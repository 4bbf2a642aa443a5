"""A limit for each network, in this process's memory alone: nothing of an address is stored or logged."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from array import array
from collections.abc import Mapping
from threading import Lock
from typing import Any

SLOTS = 65_536
MOST = 65_535  # that a counter of 16 bits holds
PAGE = 4096
PREFIXES = {4: 24, 6: 48}


def network_of(meta: Mapping[str, Any], *, proxies: int) -> bytes | None:
    """Return the client's network, /24 or /48, or None where no address can be read.

    Behind `proxies` of our own, the address is that many entries from the right of X-Forwarded-For: what
    is left of it was written by the client.
    """
    if proxies:
        entries = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
        text = entries[-proxies] if len(entries) >= proxies else ""
    else:
        text = meta.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    kept = PREFIXES[address.version] // 8
    return bytes([address.version]) + address.packed[:kept]


def weight_of(length: int) -> int:
    """Return how many requests a body of this length counts for."""
    return 1 + length // PAGE


class Limiter:
    """Counts by network in a minute and in a day.

    Each network has two of 65,536 counters, and the smaller one counts. Networks that share both only ever
    make the limit stricter.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._day = self._minute = -1
        self._renew_day(-1)
        self._renew_minute(-1)

    def allows(
        self, network: bytes | None, *, weight: int, now: float, per_minute: int, per_day: int
    ) -> bool:
        """Count a request, unless the network has had its share. A request without an address passes."""
        if network is None:
            return True
        day, minute = int(now // 86_400), int(now // 60)
        with self._lock:
            if day != self._day:
                self._renew_day(day)
            if minute != self._minute:
                self._renew_minute(minute)
            slots = self._slots(network)
            fits = (
                min(self._of_minute[slot] for slot in slots) + weight <= per_minute
                and min(self._of_day[slot] for slot in slots) + weight <= per_day
            )
            if fits:
                _raise(self._of_minute, slots, weight)
                _raise(self._of_day, slots, weight)
        return fits

    def _renew_day(self, day: int) -> None:
        """Start a day with a new key, by which the counters of two days cannot be compared."""
        self._day, self._key = day, secrets.token_bytes(16)
        self._of_day = array("H", bytes(2 * SLOTS))
        self._of_minute = array("H", bytes(2 * SLOTS))

    def _renew_minute(self, minute: int) -> None:
        self._minute = minute
        self._of_minute = array("H", bytes(2 * SLOTS))

    def _slots(self, network: bytes) -> tuple[int, int]:
        digest = hashlib.blake2b(network, key=self._key, digest_size=4).digest()
        return int.from_bytes(digest[:2], "big"), int.from_bytes(digest[2:], "big")


def _raise(counters: array[int], slots: tuple[int, int], weight: int) -> None:
    """Raise the smaller of two counters to the new count, and the larger only if it is below that."""
    raised = min(MOST, min(counters[slot] for slot in slots) + weight)
    for slot in slots:
        counters[slot] = max(counters[slot], raised)
