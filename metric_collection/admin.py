"""The System information page in the Django admin: its registration, access rules and URLs.

For an AdminSite of your own: ``my_site.register(Consent, SystemInfoAdmin)``. Every process imports this
module at start-up, so the views are imported by the first request for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import connections
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from .cleaninsights.clock import utc_now
from .models import Consent

STARTED_AT = utc_now()
ROUTES = {
    "system_info": ("", "page"),
    "consent_changelist": ("", "page"),  # where the admin index links to
    "campaigns": ("campaigns/", "campaigns"),
    "groups": ("groups/", "groups"),
    "reports": ("reports/", "reports"),
    "reports_download": ("reports.jsonl", "reports_download"),
    "send": ("send/", "send"),
    "report": ("reports/<uuid:key>.json", "report"),
    "next_report": ("next.json", "next_report"),
    "system": ("system.json", "system"),
}


@admin.register(Consent)
class SystemInfoAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the page to users who may view it; only superusers may use its switches."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path(route, self.admin_site.admin_view(self._view(view)), name=f"usage_metrics_{name}")
            for name, (route, view) in ROUTES.items()
        ]

    def _view(self, name: str) -> Callable[..., HttpResponseBase]:
        """Return the view of that name, imported by the first request for it.

        Even under ATOMIC_REQUESTS it opens its own transactions: on SQLite one that reads before it writes
        fails whenever another process has written in between.
        """

        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            from .system_info.views import SystemInfoViews

            views = SystemInfoViews(self, started_at=STARTED_AT)
            response: HttpResponseBase = getattr(views, name)(request, **kwargs)
            return response

        for alias in connections:
            view = non_atomic_requests(alias)(view)
        return view

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Add the notice to the messages: the index calls this before it renders them."""
        match = request.resolver_match
        if (
            request.method == "GET"
            and match is not None
            and match.url_name == "index"
            and match.namespaces[-1:] == [self.admin_site.name]  # wherever it is mounted
        ):
            from .system_info.views import announce

            announce(request, site=self.admin_site.name)
        return super().get_model_perms(request)

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False
