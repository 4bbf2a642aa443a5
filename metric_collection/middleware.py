"""The middleware by which the recorders of requests and of clients see each request with its answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .consent.rules import switched_off
from .recorders.clients import ClientRecorder
from .recorders.recorder import harmless
from .recorders.registry import chosen, own_packages
from .recorders.requests import RequestRecorder


class RecorderMiddleware:
    """Passes requests and answers through as they are; out of the way where there is nothing to record."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        found = [chosen(RequestRecorder), chosen(ClientRecorder)]
        self._recorders = [recorder for recorder in found if recorder is not None]
        if not self._recorders or switched_off():
            raise MiddlewareNotUsed("No recorder needs it.")
        self._own = own_packages()
        self._get_response = get_response
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

    @harmless
    def _record(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        for recorder in self._recorders:
            recorder.record(request, response, seconds, self._own)
