"""The System information page in the Django admin: a thin shell around `pages` and `forms`.

For an AdminSite of your own: ``my_site.register(Consent, SystemInfoAdmin)``.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from . import notices, pages
from .cleaninsights.clock import utc_now
from .forms import RecordForm, SwitchForm
from .models import Consent, Report
from .probes import registry
from .stores import atomic

PAGE = "usage_metrics_system_info"


@admin.register(Consent)
class SystemInfoAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the page to whoever may view it; lets superusers use the switch."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.page_view), name=PAGE),
            path("", view(self.page_view), name="usage_metrics_consent_changelist"),
            path("reports/", view(self.record_view), name="usage_metrics_record"),
            path("reports/<uuid:key>.json", view(self.report_view), name="usage_metrics_report"),
            path("next.json", view(self.next_view), name="usage_metrics_next_report"),
            path("system.json", view(self.system_view), name="usage_metrics_system"),
        ]

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Answer what the index asks while it is built: the moment to tell a superuser there."""
        if self._is_index(request) and is_superuser(request):
            notices.announce(request, url=self._url, now=utc_now())
        return super().get_model_perms(request)

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def page_view(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        if request.method != "POST":
            return self._page(request)
        if not is_superuser(request):
            raise PermissionDenied
        form = SwitchForm(request.POST)
        if not form.is_valid():
            return self._page(request, form=form, status=400)
        self._switch(request, form)
        return HttpResponseRedirect(self._url)

    @method_decorator(require_safe)
    def record_view(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        form = RecordForm(request.GET)
        before = form.cleaned_data["before"] if form.is_valid() else None
        record = pages.record(pages.LISTED, before=before)
        return self._render(request, "record", title=_("Usage metrics sent"), record=record)

    @method_decorator(require_safe)
    def report_view(self, request: HttpRequest, key: str) -> HttpResponseBase:
        self._require_view(request)
        return exact_json(get_object_or_404(Report, key=key).body.encode())

    @method_decorator(require_safe)
    def next_view(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        return exact_json(pages.next_report().body)

    @method_decorator(require_safe)
    def system_view(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        response = JsonResponse(
            pages.system(registry.gather()).json, json_dumps_params={"indent": 2}
        )
        response["Content-Disposition"] = 'attachment; filename="system-information.json"'
        return response

    @property
    def _url(self) -> str:
        return reverse(f"admin:{PAGE}", current_app=self.admin_site.name)

    def _is_index(self, request: HttpRequest) -> bool:
        """Whether this site's own index is being looked at, wherever the site is mounted."""
        match = request.resolver_match
        return (
            request.method == "GET"
            and match is not None
            and match.url_name == "index"
            and match.namespaces[-1:] == [self.admin_site.name]
        )

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _switch(self, request: HttpRequest, form: SwitchForm) -> None:
        """Make the choice together with its entry in the admin log, or neither."""
        with atomic():
            before, chosen = form.save(now=utc_now())
            if chosen != before:
                words = f"Usage metrics: from {before.value} to {chosen.value}"
                self.log_change(request, Consent.objects.current(), words)
        messages.success(request, _("Your choice was saved."), fail_silently=True)

    def _page(
        self, request: HttpRequest, *, form: SwitchForm | None = None, status: int = 200
    ) -> HttpResponseBase:
        row, notice, may_change = Consent.objects.current(), None, is_superuser(request)
        if may_change:
            row, notice = notices.on_page(row, now=utc_now())
        return self._render(
            request,
            "system_info",
            status=status,
            title=_("System information"),
            page=pages.page(row),
            notice=notice,
            form=form,
            may_change=may_change,
        )

    def _render(
        self, request: HttpRequest, name: str, *, status: int = 200, **context: Any
    ) -> HttpResponseBase:
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"usage_metrics/{name}.html", context, status=status)


def is_superuser(request: HttpRequest) -> bool:
    """Whether this user may use the switch; a host's own user model may know no superusers."""
    return bool(getattr(request.user, "is_superuser", False))


def exact_json(body: bytes) -> HttpResponse:
    """Answer with the very bytes, which a browser must not take for anything but JSON."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type="application/json", headers=headers)
