"""User agents: the publisher's clients among them, with their versions and platforms.

User-Agent headers are untrusted. Products and platforms are limited to those that the pattern spells
out, versions to three numbers.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from ..cleaninsights.datapoints import OTHER

LONGEST: Final = 256  # characters of a header that are searched, as a pattern may be slow

SPELT_OUT: Final = r"\(\?P<{}>((?:[\w /|-]|\\[^\w|])+)\)"
VERSION: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,8}){0,2}")


class Client(NamedTuple):
    """A client of the publisher; ``platform`` is "" if the header does not name one of the list."""

    product: str
    version: str
    platform: str = ""


class Agents:
    """Recognises clients by a pattern, or raises ValueError.

    The pattern spells out the products in its group ``product``, and the platforms in its group
    ``platform`` if it has one.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except (re.error, RecursionError, Warning) as error:  # a host may make warnings errors
            raise ValueError(str(error)) from None
        self.products = names_in(pattern, "product")
        # A pattern may ignore case; names are counted as it spells them.
        self._products = {name.lower(): name for name in self.products}
        has_platform = "platform" in self._pattern.groupindex
        self.platforms = names_in(pattern, "platform") if has_platform else []
        self._platforms = {name.lower(): name for name in self.platforms}
        if "version" not in self._pattern.groupindex:
            raise ValueError("no group version")

    def client_of(self, agent: str) -> Client | None:
        """Return the client in a User-Agent header, None if it is not one of the publisher's."""
        found = self._pattern.search(agent[:LONGEST])
        product = self._products.get((found["product"] or "").lower()) if found else None
        if found is None or product is None:
            return None
        version = VERSION.match(found["version"] or "")
        platform = (found["platform"] or "").lower() if self._platforms else ""
        return Client(product, version[0] if version else OTHER, self._platforms.get(platform, ""))


def names_in(pattern: str, group: str) -> list[str]:
    """Return the names that a group spells out, or raise ValueError if it matches anything else."""
    found = re.search(SPELT_OUT.format(group), pattern)
    names = [re.sub(r"\\(.)", r"\1", name) for name in found[1].split("|")] if found else []
    if not all(names) or not names:
        raise ValueError(f"the group {group} has to spell out the {group}s")
    return names


def agents(found: Any) -> Agents:
    """Read the pattern of a setting, or raise TypeError or ValueError."""
    if not isinstance(found, str):
        raise TypeError
    return Agents(found)
