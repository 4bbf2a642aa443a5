"""The collector in the Django admin: sites and their dictionary. Everything counted is read-only pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from .models import Fact, Site


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

    def has_delete_permission(self, *_: Any) -> bool:
        """Deleting a site's numbers takes the command: forget-site."""
        return False
