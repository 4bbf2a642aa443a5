"""User agents: the publisher's clients among them, and their versions.

User-Agent headers are untrusted. Products are limited to those that the pattern spells out, versions
to three numbers.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..cleaninsights.datapoints import OTHER

LONGEST: Final = 256  # characters of a header that are searched, as a pattern may be slow

SPELT_OUT: Final = re.compile(r"\(\?P<product>((?:[\w /|-]|\\[^\w|])+)\)")
VERSION: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,8}){0,2}")


class Agents:
    """Recognises clients by a pattern whose group ``product`` spells them out, or raises ValueError."""

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except (re.error, RecursionError, Warning) as error:  # a host may make warnings errors
            raise ValueError(str(error)) from None
        self.products = products(pattern)
        self._spelt = {product.lower(): product for product in self.products}
        if "version" not in self._pattern.groupindex:
            raise ValueError("no group version")

    def client_of(self, agent: str) -> tuple[str, str] | None:
        """Return product and version in a User-Agent header, None if it is not one of the clients."""
        found = self._pattern.search(agent[:LONGEST])
        product = self._spelt.get((found["product"] or "").lower()) if found else None
        if found is None or product is None:
            return None
        version = VERSION.match(found["version"] or "")
        return product, version[0] if version else OTHER


def products(pattern: str) -> list[str]:
    """Return the names in the group ``product``, or raise ValueError if it matches anything else."""
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
