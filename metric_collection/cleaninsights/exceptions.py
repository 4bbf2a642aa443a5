# ruff: noqa: N818  a class is named after what happened
"""Everything this package raises.

CleanInsightsError
├── UnexpectedValue        a key holds what it must not
│   ├── ConfigurationError     in a configuration
│   └── PayloadError           in a body received
├── MeasurementError       what is to be measured is nothing that can be sent
├── StoreError             what was measured cannot be read or kept
└── TransportError         a request got no answer
    ├── ConnectionFailed       not reached, or cut off
    ├── TimedOut               no answer in time
    ├── TLSFailed              no trust in the server's certificate
    ├── ProxyFailed            the proxy on the way does not pass it on
    └── RequestInvalid         not a request that can be made at all
"""

from __future__ import annotations

import reprlib
from typing import Final


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()

_SHORTENED: Final = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = 80


class CleanInsightsError(Exception):
    """The root: catch this one to catch them all."""


class UnexpectedValue(CleanInsightsError):
    """`path` holds `found` (MISSING: nothing) where `expected`, in words, should be."""

    def __init__(self, path: str, found: object, expected: str) -> None:
        super().__init__(path, found, expected)
        self.path = path
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path}: {_SHORTENED.repr(self.found)}, expected {self.expected}"


class ConfigurationError(UnexpectedValue):
    """A configuration is refused; `path` is in the spelling of cleaninsights.json."""

    def below(self, key: str) -> ConfigurationError:
        """Return the same error as seen from the object that holds this one at `key`."""
        return ConfigurationError(f"{key}.{self.path}", self.found, self.expected)


class PayloadError(UnexpectedValue):
    """A body is not what CIMP accepts."""


class MeasurementError(CleanInsightsError):
    """A text is empty, or a value is no number."""


class StoreError(CleanInsightsError):
    """The store cannot be read or written."""


class TransportError(CleanInsightsError):
    """A request got no answer; the message names no more of the URL than host and port."""


class ConnectionFailed(TransportError):
    """The server was not reached, or the connection broke."""


class TimedOut(TransportError):
    """The server did not answer in time."""


class TLSFailed(TransportError):
    """The server's certificate is not trusted, or TLS is not spoken there."""


class ProxyFailed(TransportError):
    """The proxy was not reached or refuses to pass the request on."""


class RequestInvalid(TransportError):
    """The URL or a header is not one that can be requested."""
