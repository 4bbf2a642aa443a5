"""The recorder of clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..cleaninsights.keys import Kind
from ..measuring.meter import measure_event
from .agents import Agents, agents
from .recorder import Packages, Recorder

PATTERN = Kind(
    expected="a regular expression for User-Agent headers that spells out its products, such as"
    " r'(?P<product>acme-cli|acme-app)/(?P<version>[0-9.]+)'",
    read=agents,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRecorder(Recorder):
    """Counts the requests of each version and on each platform of the publisher's own clients."""

    name: ClassVar[str] = "clients"
    coarsened: ClassVar[str] = (
        "Only these names and up to three numbers of the version; nothing else of the header, and"
        " nothing of other clients."
    )
    is_own: ClassVar[bool] = False
    sees_requests: ClassVar[bool] = True

    pattern: Agents = field(metadata=PATTERN)

    @property
    def description(self) -> str:
        """The description with the names of the clients."""
        platforms = ", ".join(self.pattern.platforms)
        by_platform = f", and of each platform: {platforms}" if platforms else ""
        return f"Counts the requests of each version of {', '.join(self.pattern.products)}{by_platform}."

    def record(
        self, request: HttpRequest, _response: HttpResponseBase, _seconds: float, _own: Packages
    ) -> None:
        """Count a request from one of the publisher's clients."""
        client = self.pattern.client_of(request.META.get("HTTP_USER_AGENT", ""))
        if client is not None:
            measure_event("Clients", client.product, self.campaign, client.version)
            if client.platform:
                measure_event("Client platforms", client.product, self.campaign, client.platform)
