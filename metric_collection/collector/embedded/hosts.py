"""The names by which an embedded collector answers."""

from __future__ import annotations

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ENDPOINT, ROOT, HEALTHZ = "/cleaninsights.php", "/", "/healthz"


def in_url(host: str) -> str:
    """Return a host as it stands in a URL and in the header Host: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


class HostMiddleware(CommonMiddleware):
    """Checks the name of the host, but not for reports: clients delete a report that is answered 400."""

    def process_request(  # type: ignore[override]  # the stubs allow redirects alone
        self, request: HttpRequest
    ) -> HttpResponseBase | None:
        if _takes_any_host(request):
            return None
        try:
            return super().process_request(request)
        except DisallowedHost:
            return HttpResponse(
                "The collector does not answer by this name. Start it with --host NAME.",
                status=400,
                content_type="text/plain",
            )


def _takes_any_host(request: HttpRequest) -> bool:
    """Whether it is for the endpoint or ``healthz``, which build no URL from the name."""
    is_read = request.method in {"GET", "HEAD"}
    return request.path_info in {ENDPOINT, HEALTHZ} or (request.path_info == ROOT and not is_read)
