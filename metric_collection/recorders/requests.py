"""The recorder of requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..measuring.meter import measure_event
from .packages import Packages
from .recorder import Recorder, milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecorder(Recorder):
    """Counts how often each view has answered or failed, and adds up its milliseconds.

    Of a streamed answer that is the time until it begins. Requests that no view has taken are not
    counted.
    """

    name: ClassVar[str] = "requests"
    coarsened: ClassVar[str] = (
        "By the name of the view; never its address or parameters, nor who has asked."
    )
    is_timed: ClassVar[bool] = True
    sees_requests: ClassVar[bool] = True

    def record(
        self, request: HttpRequest, response: HttpResponseBase, seconds: float, own: Packages
    ) -> None:
        """Count a request that was answered in so many seconds."""
        match = request.resolver_match
        if match is not None and module_of(match.func) in own:
            ended = "Answered" if response.status_code < 500 else "Failed"
            measure_event("Requests", ended, self.campaign, match.view_name, milliseconds(seconds))


def module_of(view: Any) -> str | None:
    """Return where a view comes from: a page of the admin from where its model does."""
    admin = getattr(view, "model_admin", None)
    found: str | None = getattr(view if admin is None else admin.model, "__module__", None)
    return found
