"""User agents: which of them are the publisher's clients, of which version; and how little of that is kept.

Anybody can send any header. So products are those that the pattern spells out, versions are three
numbers at most, and only so many different ones are told apart.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final

LONGEST: Final = 256  # characters of a header that are looked at, for the sake of slow patterns
MOST_VERSIONS: Final = 100  # told apart by one process in a day, and by all of them in a period
OTHER: Final = "other"

SPELT_OUT: Final = re.compile(r"\(\?P<product>((?:[\w /|-]|\\[^\w|])+)\)")
VERSION: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,8}){0,2}")
DAY: Final = 24 * 60 * 60


class Agents:
    """Recognises clients by a pattern whose group ``product`` spells them out, or raises ValueError.

    The clock counts seconds since the epoch.
    """

    def __init__(self, pattern: str, clock: Callable[[], float] = time.time) -> None:
        try:
            self._pattern = re.compile(pattern)
        except (re.error, RecursionError, Warning) as error:  # a host may make warnings errors
            raise ValueError(str(error)) from None
        self.products = products(pattern)
        self._spelt = {product.lower(): product for product in self.products}
        if "version" not in self._pattern.groupindex:
            raise ValueError("no group version")
        self._clock = clock
        self._day = float("-inf")
        self._seen: set[tuple[str, str]] = set()

    def client_of(self, agent: str) -> tuple[str, str] | None:
        """Return product and version of a User-Agent header, None if it is no client's."""
        found = self._pattern.search(agent[:LONGEST])
        product = self._spelt.get((found["product"] or "").lower()) if found else None
        if found is None or product is None:
            return None
        version = VERSION.match(found["version"] or "")
        return self._told_apart(product, version[0]) if version else (product, OTHER)

    def _told_apart(self, product: str, version: str) -> tuple[str, str]:
        if (day := self._clock() // DAY) != self._day:
            self._day = day
            self._seen = set()
        client = product, version
        if client not in self._seen:
            if len(self._seen) >= MOST_VERSIONS:
                return product, OTHER
            self._seen.add(client)
        return client


def products(pattern: str) -> list[str]:
    """Return what the group ``product`` spells out, or raise ValueError where it leaves anything open."""
    found = SPELT_OUT.search(pattern)
    names = [re.sub(r"\\(.)", r"\1", name) for name in found[1].split("|")] if found else []
    if not all(names) or not names:
        raise ValueError("the group product has to spell out the products")
    return names


def agents(found: Any) -> Agents:
    """Read the pattern of a setting, or raise TypeError or ValueError."""
    if not isinstance(found, str):
        raise TypeError
    return Agents(found)
