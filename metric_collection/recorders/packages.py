"""The publisher's packages: recorders name what is in them, and nothing that anybody else has made."""

from __future__ import annotations

from collections.abc import Iterable


class Packages:
    """The modules of some packages, by dotted name: ``"acme.views" in Packages(["acme"])``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._prefixes = tuple(f"{name}." for name in self._names)

    def __contains__(self, module: object) -> bool:
        return f"{module}.".startswith(self._prefixes)

    def __or__(self, names: Iterable[str]) -> Packages:
        """Return these packages and some more."""
        return Packages((*self._names, *names))
