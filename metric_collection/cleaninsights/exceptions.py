# ruff: noqa: N818  a class is named after what happened
"""Everything this package raises.

CleanInsightsError
├── UnexpectedValue        a key has an invalid value
│   ├── ConfigurationError     in a configuration
│   └── PayloadError           in a body received
├── MeasurementError       a measurement has invalid arguments
├── StoreError             the store cannot be read or written
└── TransportError         a request got no answer
    ├── ConnectionFailed       not reached, or connection lost
    ├── TimedOut               no answer in time
    ├── TLSFailed              the server's certificate is not trusted
    ├── ProxyFailed            the proxy cannot be reached or refuses
    └── RequestInvalid         the URL or a header is invalid
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
    """The root of all exceptions of this package."""


class UnexpectedValue(CleanInsightsError):
    """The value at `path` is `found` (or MISSING); `expected` describes a valid one."""

    def __init__(self, path: str, found: object, expected: str) -> None:
        super().__init__(path, found, expected)
        self.path = path
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path}: {_SHORTENED.repr(self.found)}, expected {self.expected}"


class ConfigurationError(UnexpectedValue):
    """A configuration is invalid; `path` is spelled as in cleaninsights.json."""

    def below(self, key: str) -> ConfigurationError:
        """Return the same error with its path prefixed by `key`."""
        return ConfigurationError(f"{key}.{self.path}", self.found, self.expected)


class PayloadError(UnexpectedValue):
    """CIMP would refuse this body."""

    def below(self, key: str) -> PayloadError:
        """Return the same error with its path prefixed by `key`."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return PayloadError(f"{key}{dot}{self.path}", self.found, self.expected)


class MeasurementError(CleanInsightsError):
    """An argument of a measurement is invalid."""


class StoreError(CleanInsightsError):
    """The store cannot be read or written."""


class TransportError(CleanInsightsError):
    """A request got no answer; of the URL, the message holds host and port only.

    `reason` is the operating system's or OpenSSL's own message, "" if there is none.
    """

    def __init__(self, message: str = "", *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class ConnectionFailed(TransportError):
    """The server could not be reached, or the connection was lost."""


class TimedOut(TransportError):
    """The server did not answer in time."""


class TLSFailed(TransportError):
    """The server's certificate is not trusted, or it does not speak TLS."""


class ProxyFailed(TransportError):
    """The proxy could not be reached or refuses the request."""


class RequestInvalid(TransportError):
    """The URL or a header is invalid."""
