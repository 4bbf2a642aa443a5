"""The collector in the Django admin: sites with their dictionary, and pages of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import URLField
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from .models import Fact, Period, Site


class FactInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Fact
    fields = ("name", "kind", "description", "purpose", "is_declared", "is_public", "position")
    readonly_fields = ("name", "is_declared")
    extra = 0

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "name", "is_public")
    prepopulated_fields = {"slug": ("name",)}
    inlines = [FactInline]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}  # Django 5.2 assumes http

    def has_delete_permission(self, *_: Any) -> bool:
        """Deleting a site's numbers takes the command: forget-site."""
        return False


ROUTES = {
    "period_changelist": ("", "dashboard"),  # where the admin index links to
    "dashboard": ("dashboard/", "dashboard"),
    "csv": ("dashboard.csv", "csv"),
    "operations": ("operations/", "operations"),
    "import": ("import/", "import_page"),
}


@admin.register(Period)
class PeriodAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The staff's pages. View permission on periods opens them; nothing is edited here."""

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                route,
                self.admin_site.admin_view(self._view(view)),
                name=f"usage_metrics_collector_{name}",
            )
            for name, (route, view) in ROUTES.items()
        ]

    def _view(self, name: str) -> Callable[..., HttpResponseBase]:
        """Return the view of that name, which is imported with the first request for it."""

        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            from .dashboard.views import DashboardViews

            response: HttpResponseBase = getattr(DashboardViews(self), name)(request, **kwargs)
            return response

        return view

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False
