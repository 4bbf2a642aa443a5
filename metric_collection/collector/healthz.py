"""``healthz``: for monitoring."""

from __future__ import annotations

from django.db import Error
from django.http import HttpRequest, JsonResponse

from ..cleaninsights.clock import utc_now
from . import health


def healthz(_request: HttpRequest) -> JsonResponse:
    """Answer 200, or 503 if something stands still. The texts name nothing that is not public."""
    try:
        found = health.check(utc_now())
    except Error as error:
        return JsonResponse(
            {"well": False, "problems": {"database": type(error).__name__}}, status=503
        )
    content = {
        key: health.as_json(found)[key]
        for key in ("well", "problems", "waiting", "set_aside", "self_check")
    }
    return JsonResponse(content, status=200 if found.is_well else 503)
