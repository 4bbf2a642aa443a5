"""The transport: the only access to the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .answer import Answer
from .clock import Clock, utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "RequestsTransport", "Transport"]


class Transport(Protocol):
    """Posts bodies; raises TransportError if there is no answer.

    The timeout is in seconds: to connect, and from then until the whole answer has been read.
    """

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsTransport:
    """Posts with requests. Proxies and CA bundle come from the environment; redirects are not followed."""

    clock: Clock = utc_now

    def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> Answer:
        """Post once. Importing requests here spares processes that send nothing."""
        from .http import post  # noqa: PLC0415

        return post(url, body, headers=headers, timeout=timeout, clock=self.clock)
