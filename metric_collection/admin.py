"""The System information page in the Django admin: its registration, access rules and URLs.

For an AdminSite of your own: ``my_site.register(Consent, SystemInfoAdmin)``. Every process imports this
module at start-up, so what only a request needs is imported by the first one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from .models import Consent

ROUTES = {
    "system_info": ("", "page"),
    "consent_changelist": ("", "page"),  # where the admin index links to
    "campaigns": ("campaigns/", "campaigns"),
    "record": ("reports/", "record"),
    "report": ("reports/<uuid:key>.json", "report"),
    "next_report": ("next.json", "next_report"),
    "system": ("system.json", "system"),
}


@admin.register(Consent)
class SystemInfoAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the page to whoever may view it; lets superusers use the switch."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path(route, self.admin_site.admin_view(self._view(view)), name=f"usage_metrics_{name}")
            for name, (route, view) in ROUTES.items()
        ]

    def _view(self, name: str) -> Callable[..., HttpResponseBase]:
        """Return the view of that name, which is imported with the first request for it."""

        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            from .system_info.views import SystemInfoViews

            response: HttpResponseBase = getattr(SystemInfoViews(self), name)(request, **kwargs)
            return response

        return view

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Answer what the index asks while it is built: the moment to tell a superuser there."""
        if self._is_index(request):
            from .system_info.views import announce

            announce(request, site=self.admin_site.name)
        return super().get_model_perms(request)

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    def _is_index(self, request: HttpRequest) -> bool:
        """Whether this site's own index is being looked at, wherever the site is mounted."""
        match = request.resolver_match
        return (
            request.method == "GET"
            and match is not None
            and match.url_name == "index"
            and match.namespaces[-1:] == [self.admin_site.name]
        )
