"""The views of the System information page; the admin gives them their URLs and its access rules."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ..cleaninsights.clock import utc_now
from ..models import Consent, Report
from ..models.transactions import atomic
from . import campaigns as usage
from . import notice as notices
from . import page as pages
from .forms import CampaignForm, RecordForm, SwitchForm
from .installed import system


class SystemInfoViews:
    """The page and what it links to, within the site of one ModelAdmin."""

    def __init__(self, model_admin: ModelAdmin[Consent]) -> None:
        self.model_admin = model_admin
        self.admin_site = model_admin.admin_site

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def page(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        if request.method == "POST":
            return self._take(request, SwitchForm(request.POST))
        return self._page(request)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def campaigns(self, request: HttpRequest) -> HttpResponseBase:
        """Take the switch of a campaign; who comes here by a GET is led to the page."""
        self._require_view(request)
        if request.method == "POST":
            return self._take(request, CampaignForm(request.POST))
        return HttpResponseRedirect(f"{url_of_page(self.admin_site.name)}#campaigns")

    @method_decorator(require_safe)
    def record(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        form = RecordForm(request.GET)
        before = form.cleaned_data["before"] if form.is_valid() else None
        record = pages.record(pages.LISTED, before=before)
        return self._render(request, "record", title=_("Usage metrics sent"), record=record)

    @method_decorator(require_safe)
    def report(self, request: HttpRequest, key: str) -> HttpResponseBase:
        self._require_view(request)
        return exact_json(get_object_or_404(Report, key=key).body.encode())

    @method_decorator(require_safe)
    def next_report(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        body = body_of_next(request.GET.get("campaign"))
        if body is None:
            raise Http404
        return exact_json(body)

    @method_decorator(require_safe)
    def system(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        response = JsonResponse(system().json, json_dumps_params={"indent": 2})
        response["Content-Disposition"] = 'attachment; filename="system-information.json"'
        return response

    def _require_view(self, request: HttpRequest) -> None:
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied

    def _take(self, request: HttpRequest, form: SwitchForm) -> HttpResponseBase:
        """Let a superuser make a choice, and lead back to where it was made."""
        if not is_superuser(request):
            raise PermissionDenied
        if not form.is_valid():
            return self._page(request, form=form, status=400)
        self._choose(request, form)
        return HttpResponseRedirect(f"{url_of_page(self.admin_site.name)}{form.anchor}")

    def _choose(self, request: HttpRequest, form: SwitchForm) -> None:
        """Make the choice together with its entry in the admin log, or neither."""
        with atomic():
            if words := form.save(now=utc_now()):
                self.model_admin.log_change(request, Consent.objects.current(), words)
        messages.success(request, _("Your choice was saved."), fail_silently=True)

    def _page(
        self, request: HttpRequest, *, form: SwitchForm | None = None, status: int = 200
    ) -> HttpResponseBase:
        row, notice, may_change = Consent.objects.current(), None, is_superuser(request)
        now = utc_now()
        if may_change:
            row, notice = notices.on_page(row, now=now)
        return self._render(
            request,
            "system_info",
            status=status,
            title=_("System information"),
            page=pages.page(row, now=now),
            notice=notice,
            form=form,
            may_change=may_change,
        )

    def _render(
        self, request: HttpRequest, name: str, *, status: int = 200, **context: Any
    ) -> HttpResponseBase:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model_admin.opts,
            **context,
        }
        return TemplateResponse(request, f"usage_metrics/{name}.html", context, status=status)


def announce(request: HttpRequest, *, site: str) -> None:
    """Tell a superuser who looks at the admin index, once."""
    if is_superuser(request):
        notices.announce(request, url=url_of_page(site), now=utc_now())


def url_of_page(site: str) -> str:
    """Return the page's path within the AdminSite of that name."""
    return reverse("admin:usage_metrics_system_info", current_app=site)


def body_of_next(campaign_id: str | None) -> bytes | None:
    """Return the bytes of a campaign's next report, or without one of the next heartbeat."""
    if campaign_id is not None:
        return usage.next_body(campaign_id, now=utc_now())
    report = pages.next_report()
    return None if report is None else report.body


def is_superuser(request: HttpRequest) -> bool:
    """Whether this user may use the switch; a host's own user model may know no superusers."""
    return bool(getattr(request.user, "is_superuser", False))


def exact_json(body: bytes) -> HttpResponse:
    """Answer with the very bytes, which a browser must not take for anything but JSON."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type="application/json", headers=headers)
