"""The staff's pages; the admin gives them their URLs and its access rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ...cleaninsights.clock import utc_now
from ..counting.days import DAY
from ..counting.importing import AlreadyImportedError, import_file
from ..models import Import, Period, Site, Span, Value
from ..models.rows import atomic
from ..publishing.publications import decide
from .csv_files import csv_response, csv_text
from .forms import RANGES, DashboardForm, DecisionForm, HideForm, ImportForm
from .numbers import Numbers, read
from .operations import IMPORTS_SHOWN, operations
from .overview import cards
from .page import page


class DashboardViews:
    """The pages within the site of one ModelAdmin."""

    def __init__(self, model_admin: ModelAdmin[Period]) -> None:
        self.model_admin = model_admin
        self.admin_site = model_admin.admin_site

    @method_decorator(require_safe)
    def dashboard(self, request: HttpRequest) -> HttpResponseBase:
        """Show a site, or all sites where there are several and none is chosen."""
        self._require_view(request)
        sites = list(Site.objects.products())
        chosen = DashboardForm(request.GET).chosen()
        site = chosen["site"] or (sites[0] if len(sites) == 1 else None)
        today = utc_now().date()
        if site is None:
            context = {"title": _("Usage metrics"), "cards": list(cards(sites, today))}
            return self._render(request, "overview", **context)
        numbers = numbers_of(site, chosen, today)
        return self._render(
            request,
            "dashboard",
            title=_("Usage metrics of %(site)s") % {"site": site.name},
            page=page(numbers),
            sites=sites,
            ranges=RANGES,
            days=chosen["days"],
        )

    @method_decorator(require_safe)
    def csv(self, request: HttpRequest) -> HttpResponseBase:
        """Download the numbers of the dashboard."""
        self._require_view(request)
        chosen = DashboardForm(request.GET).chosen()
        site = chosen["site"] or Site.objects.products().first()
        if site is None:
            raise Http404
        numbers = numbers_of(site, chosen, utc_now().date())
        heads = ["span", "first_day", "fact", "value", "installations"]
        return csv_response(f"usage-metrics-{site.slug}", csv_text(heads, rows(numbers)))

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def operations(self, request: HttpRequest) -> HttpResponseBase:
        """Show the state of the collector; take decisions about held periods and new values."""
        self._require_view(request)
        may_decide = request.user.has_perm("usage_metrics_collector.change_site")
        if request.method == "POST":
            if not may_decide:
                raise PermissionDenied
            self._take(request)
            return HttpResponseRedirect(request.path)
        page = operations(utc_now())
        context = {"title": _("Operations"), "page": page, "may_decide": may_decide}
        return self._render(request, "operations", **context)

    def _take(self, request: HttpRequest) -> None:
        """Carry out a decision together with its entry in the admin log."""
        decision, hide = DecisionForm(request.POST), HideForm(request.POST)
        with atomic(Period):
            if decision.is_valid():
                self._decide(request, decision.cleaned_data)
            elif hide.is_valid():
                self._hide(request, hide.cleaned_data["hide"])
            else:
                messages.error(request, _("Nothing was changed. The page was out of date."))

    def _decide(self, request: HttpRequest, chosen: dict[str, Any]) -> None:
        period, publishes = chosen["period"], chosen["decision"] == DecisionForm.PUBLISH
        decide(period, publishes=publishes, note=chosen["note"], now=utc_now())
        words = _("Published.") if publishes else _("Left out.")
        self.model_admin.log_change(request, period, words)
        messages.success(request, f"{period.site}, {period}: {words}")

    def _hide(self, request: HttpRequest, value: Value) -> None:
        """Hide a value. The log names the fact, never the text."""
        Value.objects.filter(pk=value.pk).update(is_hidden=True)
        words = _("A value of %(fact)s was hidden.") % {"fact": value.fact.name}
        self.model_admin.log_change(request, value.fact, words)  # type: ignore[arg-type]
        messages.success(request, words)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def import_page(self, request: HttpRequest) -> HttpResponseBase:
        """Import a file of reports; show the outcome of the last imports."""
        if not request.user.has_perm("usage_metrics_collector.add_import"):
            raise PermissionDenied
        is_post, result = request.method == "POST", None
        form = ImportForm(request.POST, request.FILES) if is_post else ImportForm()
        if form.is_valid():
            try:
                result = import_file(form.cleaned_data["file"], now=utc_now(), by=request.user)
            except AlreadyImportedError as error:
                form.add_error("file", str(error))
        return self._render(
            request,
            "import",
            title=_("Import reports"),
            form=form,
            result=result,
            imports=Import.objects.select_related("by").order_by("-at")[:IMPORTS_SHOWN],
        )

    def _require_view(self, request: HttpRequest) -> None:
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied

    def _render(self, request: HttpRequest, name: str, **context: Any) -> HttpResponseBase:
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model_admin.opts,
            **context,
        }
        return TemplateResponse(request, f"usage_metrics_collector/{name}.html", context)


def numbers_of(site: Site, chosen: dict[str, Any], today: date) -> Numbers:
    """Read the numbers of the days until today."""
    since = today - (chosen["days"] - 1) * DAY
    return read(site, since=since, until=today, today=today, version=chosen["version"])


def rows(numbers: Numbers) -> Iterator[tuple[str, date, str, str, int]]:
    """Yield active installations, then each fact's values, by period."""
    spans = [(Span.DAY, numbers.days), (Span.WEEK, numbers.weeks), (Span.MONTH, numbers.months)]
    for span, starts in spans:
        for start, n in numbers.installations(span, starts).items():
            if n is not None:
                yield span.name.lower(), start, "", "", n
    for fact in numbers.facts:
        for span, starts in spans:
            for start, values in numbers.series(fact, span, starts).items():
                for value, n in values.items():
                    yield span.name.lower(), start, fact.name, value, n
