"""The recorder of requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..cleaninsights.keys import BOOLEAN
from ..measuring.buckets import duration_bucket
from ..measuring.meter import measure_event
from .recorder import Packages, Recorder, milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecorder(Recorder):
    """Counts how often each view answered or failed, and adds up its milliseconds.

    For a streaming response, that is the time until it starts. Requests that match no view are not
    counted.
    With ``histogram``, durations are counted in eight buckets as well.
    """

    name: ClassVar[str] = "requests"
    coarsened: ClassVar[str] = "By the name of the view; never its URL or parameters, nor the user."
    is_timed: ClassVar[bool] = True
    sees_requests: ClassVar[bool] = True

    histogram: bool = field(default=False, metadata=BOOLEAN)

    def record(
        self, request: HttpRequest, response: HttpResponseBase, seconds: float, own: Packages
    ) -> None:
        """Count a request that took `seconds`."""
        match = request.resolver_match
        if match is not None and module_of(match.func) in own:
            ended = "Answered" if response.status_code < 500 else "Failed"
            view = match.view_name
            measure_event("Requests", ended, self.campaign, view, milliseconds(seconds))
            if self.histogram:
                measure_event("Request durations", view, self.campaign, duration_bucket(seconds))


def module_of(view: Any) -> str | None:
    """Return the module of a view; a page of the admin belongs to the module of its model."""
    admin = getattr(view, "model_admin", None)
    found: str | None = getattr(view if admin is None else admin.model, "__module__", None)
    return found
