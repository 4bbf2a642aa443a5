"""The middleware through which the recorders of requests and clients see each request and response."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.apps import apps
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class RecorderMiddleware:
    """Passes requests and responses through unchanged; removes itself if there is nothing to record.

    Our other modules need the app's tables and are imported late: an operator who removes the app
    from INSTALLED_APPS, but not this entry from MIDDLEWARE, must still have a working product.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._record = recording()
        self._get_response = get_response
        # It runs in the mode of what it wraps, so that Django needs no thread to adapt it.
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._await(request)
        begun = time.perf_counter()
        response = cast(HttpResponseBase, self._get_response(request))
        self._record(request, response, time.perf_counter() - begun)
        return response

    async def _await(self, request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        response = cast(HttpResponseBase, await self._get_response(request))
        self._record(request, response, time.perf_counter() - begun)
        return response


def recording() -> Callable[[HttpRequest, HttpResponseBase, float], None]:
    """Return a function that records a request, or raise MiddlewareNotUsed."""
    if not apps.is_installed("metric_collection"):
        raise MiddlewareNotUsed("metric_collection is not in INSTALLED_APPS.")
    from .consent.rules import switched_off  # noqa: PLC0415
    from .recorders.clients import ClientRecorder  # noqa: PLC0415
    from .recorders.recorder import harmless  # noqa: PLC0415
    from .recorders.registry import chosen, own_packages  # noqa: PLC0415
    from .recorders.requests import RequestRecorder  # noqa: PLC0415

    found = (chosen(RequestRecorder), chosen(ClientRecorder))
    recorders = [recorder for recorder in found if recorder is not None]
    if not recorders or switched_off():
        raise MiddlewareNotUsed("No recorder needs it.")
    own = own_packages()

    @harmless
    def record(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        for recorder in recorders:
            recorder.record(request, response, seconds, own)

    return record
