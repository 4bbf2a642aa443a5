"""The publisher's packages: recorders use names from these and no others."""

from __future__ import annotations

from collections.abc import Iterable


class Packages:
    """A set of packages with their modules: ``"acme.views" in Packages(["acme"])``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._prefixes = tuple(f"{name}." for name in self._names)

    def __contains__(self, module: object) -> bool:
        return f"{module}.".startswith(self._prefixes)

    def __or__(self, names: Iterable[str]) -> Packages:
        """Return the union with further packages."""
        return Packages((*self._names, *names))
