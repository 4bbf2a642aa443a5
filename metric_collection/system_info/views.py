"""The views of the System information page; the admin gives them their URLs and its access rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..campaigns import campaigns
from ..cleaninsights.clock import utc_now
from ..consent import campaigns as windows
from ..consent.rules import ruling
from ..models import Consent, Report
from ..models.transactions import held
from . import campaigns as usage
from . import notice as notices
from . import page as pages
from . import reports
from .assets import assets
from .forms import CampaignForm, ChoiceForm, GroupForm, ReportsForm, SwitchForm
from .handover import ask_worker
from .installed import system

SENDING = _("A Celery worker was asked to send the queued reports.")
NOT_SENDING = _("No Celery broker could be reached. The next sweep sends the queued reports.")
ANNOUNCED = "_usage_metrics_announced"
looked_at_or_posted = method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
looked_at = method_decorator(require_safe)


class SystemInfoViews:
    """The page and the views that it links to, within the site of one ModelAdmin."""

    def __init__(self, model_admin: ModelAdmin[Consent], *, started_at: datetime) -> None:
        self.model_admin = model_admin
        self.admin_site = model_admin.admin_site
        self.started_at = started_at

    @looked_at_or_posted
    def page(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        if request.method == "POST":
            return self._take(request, SwitchForm(request.POST))
        return self._page(request)

    @looked_at_or_posted
    def groups(self, request: HttpRequest) -> HttpResponseBase:
        """Take the switch of a group of facts; a GET leads to the page."""
        self._require_view(request)
        if request.method == "POST":
            return self._take(request, GroupForm(request.POST))
        return HttpResponseRedirect(f"{url_of_page(self.admin_site.name)}#shared")

    @looked_at_or_posted
    def campaigns(self, request: HttpRequest) -> HttpResponseBase:
        """All campaigns; takes the switch of each."""
        self._require_view(request)
        if request.method == "POST":
            form = CampaignForm(request.POST)
            to = None if len(campaigns()) <= usage.FEW else request.path
            return self._take(request, form, to=to)
        consent = Consent.objects.current()
        return self._render(
            request,
            "campaigns",
            title=_("Usage campaigns"),
            campaigns=usage.usages(consent, now=utc_now()),
            lock=windows.lock(consent),
            may_change=is_superuser(request),
        )

    @looked_at
    def reports(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        form = ReportsForm(request.GET)
        form.is_valid()  # invalid filters are ignored
        found = reports.newest(reports.LISTED, now=utc_now(), **form.wanted)
        return self._render(request, "reports", title=_("Usage metrics reports"), reports=found)

    @looked_at
    def reports_download(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        # Streamed, as the record may be large.
        return StreamingHttpResponse(
            reports.lines(),
            content_type="application/jsonl",
            headers={"Content-Disposition": 'attachment; filename="usage-metrics-reports.jsonl"'},
        )

    @looked_at
    def report(self, request: HttpRequest, key: str) -> HttpResponseBase:
        self._require_view(request)
        return exact_json(get_object_or_404(Report, key=key).body.encode())

    @looked_at
    def next_report(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        if (campaign_id := request.GET.get("campaign")) is not None:
            body = usage.next_body(campaign_id, now=utc_now())
        else:
            report = pages.next_report()
            body = report.body if report else None
        if body is None:
            raise Http404
        return exact_json(body)

    @looked_at
    def system(self, request: HttpRequest) -> HttpResponseBase:
        self._require_view(request)
        response = JsonResponse(system().json, json_dumps_params={"indent": 2})
        response["Content-Disposition"] = 'attachment; filename="system-information.json"'
        return response

    @method_decorator(require_POST)
    def send(self, request: HttpRequest) -> HttpResponseBase:
        """Hand queued reports to a Celery worker; nothing is posted in a request."""
        if not is_superuser(request):
            raise PermissionDenied
        if ruling().sends:
            message = str(SENDING if ask_worker() else NOT_SENDING)
            messages.success(request, message, fail_silently=True)
        return HttpResponseRedirect(f"{url_of_page(self.admin_site.name)}#reports")

    def _take(
        self, request: HttpRequest, form: ChoiceForm, *, to: str | None = None
    ) -> HttpResponseBase:
        """Save a superuser's choice, and lead back to where it was made."""
        if not is_superuser(request):
            raise PermissionDenied
        if not form.is_valid():
            return self._page(request, form=form, status=400)
        with held():  # the choice and its entry in the admin log, or neither
            if words := form.save(now=utc_now()):
                self.model_admin.log_change(request, Consent.objects.current(), words)
        messages.success(request, form.message, fail_silently=True)  # a host may have no messages
        if form.is_postponed:  # only the notice offers that
            return HttpResponseRedirect(reverse("admin:index", current_app=self.admin_site.name))
        return HttpResponseRedirect(f"{to or url_of_page(self.admin_site.name)}{form.anchor}")

    def _page(
        self, request: HttpRequest, *, form: ChoiceForm | None = None, status: int = 200
    ) -> HttpResponseBase:
        consent, notice, may_change = Consent.objects.current(), None, is_superuser(request)
        now = utc_now()
        if may_change:
            consent, notice = notices.on_page(consent, now=now)
        return self._render(
            request,
            "system_info",
            status=status,
            title=_("System information"),
            page=pages.page(consent, now=now, notice=notice, started_at=self.started_at),
            form=form,
            may_change=may_change,
        )

    def _render(
        self, request: HttpRequest, name: str, *, status: int = 200, **context: Any
    ) -> HttpResponseBase:
        # The templates' {% url %} stays within this AdminSite.
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            **assets(),
            "opts": self.model_admin.opts,
            **context,
        }
        return TemplateResponse(request, f"usage_metrics/{name}.html", context, status=status)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied


def announce(request: HttpRequest, *, site: str) -> None:
    """Show a superuser on the admin index the notice that is not answered yet, if any.

    Django asks for the permissions of each model twice in one request.
    """
    if is_superuser(request) and not hasattr(request, ANNOUNCED):
        setattr(request, ANNOUNCED, True)
        notices.announce(request, url=url_of_page(site), now=utc_now())


def url_of_page(site: str) -> str:
    """Return the page's path within the AdminSite of that name."""
    return reverse("admin:usage_metrics_system_info", current_app=site)


def is_superuser(request: HttpRequest) -> bool:
    """Whether this user may change anything; a host's own user model may have no superusers."""
    return bool(getattr(request.user, "is_superuser", False))


def exact_json(body: bytes) -> HttpResponse:
    """Answer with exactly these bytes, which no browser may take for anything but JSON."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type="application/json", headers=headers)
