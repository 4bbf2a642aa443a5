"""The public pages and files: read-only, without cookies, from publications alone."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from ...cleaninsights.clock import utc_now
from ..conf import conf
from ..door.views import receive
from ..models import Publication, Site
from . import public
from .csv_files import csv_text

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
FOREVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
SPANS = {folder: span for span, folder in public.FOLDERS.items()}
CSS = "usage_metrics_collector/collector.css"
CSV_HEADS = ["span", "first_day", "fact", "value", "installations"]


@csrf_exempt
@transaction.non_atomic_requests
def index(request: HttpRequest) -> HttpResponseBase:
    """Take reports by POST; show the list of public sites, or lead to the one there is."""
    if request.method not in {"GET", "HEAD"}:
        return receive(request)
    sites = list(Site.objects.public())
    if not sites:
        raise Http404
    if len(sites) == 1:
        return redirect("collector:site", slug=sites[0].slug)
    return page_response(request, site_list(sites, css=static(CSS)))


@require_safe
def site(request: HttpRequest, slug: str) -> HttpResponseBase:
    return page_response(request, site_page(public_site(slug), css=static(CSS)))


@require_safe
def rules(request: HttpRequest, slug: str) -> HttpResponseBase:
    return page_response(request, rules_page(public_site(slug), css=static(CSS)))


@require_safe
def publication(request: HttpRequest, slug: str, folder: str, name: str) -> HttpResponseBase:
    """Answer with a publication, byte for byte."""
    span = SPANS[folder]
    try:
        start = public.start_of(span, name)
    except ValueError:
        raise Http404 from None
    found = get_object_or_404(Publication, site=public_site(slug), span=span, start=start)
    return file_response(request, found.body, "application/json", cache=FOREVER)


@require_safe
def data(request: HttpRequest, slug: str) -> HttpResponseBase:
    return file_response(request, as_json(public.index(public_site(slug))), "application/json")


@require_safe
def badge(request: HttpRequest, slug: str) -> HttpResponseBase:
    return file_response(request, as_json(public.badge(public_site(slug))), "application/json")


@require_safe
def table(request: HttpRequest, slug: str) -> HttpResponseBase:
    text = csv_text(CSV_HEADS, public.rows(public_site(slug)))
    response = file_response(request, text, "text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}.csv"'
    return response


def public_site(slug: str) -> Site:
    """Return the site; a private one is as unknown as none."""
    return get_object_or_404(Site.objects.public(), slug=slug)


def site_list(sites: list[Site], *, css: str) -> str:
    return render_to_string(
        "usage_metrics_collector/public/list.html", {"sites": sites, "css": css}
    )


def site_page(site: Site, *, css: str) -> str:
    """Return the public page. It is written once for each state of the site, and kept in memory."""
    state = public.state(site), utc_now().date(), get_language(), css
    return _site_page(site, *state)


@lru_cache(maxsize=64)
def _site_page(site: Site, _state: Any, today: date, _language: str | None, css: str) -> str:
    page = public.page(site, today)
    return render_to_string("usage_metrics_collector/public/site.html", {"page": page, "css": css})


def rules_page(site: Site, *, css: str) -> str:
    context: dict[str, Any] = {"site": site, "css": css, "minimum": conf.PUBLIC_MINIMUM}
    return render_to_string("usage_metrics_collector/public/rules.html", context)


def as_json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


def page_response(request: HttpRequest, html: str) -> HttpResponseBase:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "public, max-age=300"}
    return conditional(request, HttpResponse(html, headers=headers))


def file_response(
    request: HttpRequest, text: str, content_type: str, *, cache: str = AN_HOUR
) -> HttpResponseBase:
    """Answer with a file that any page on the web may read."""
    headers = {
        "Cache-Control": cache,
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }
    return conditional(request, HttpResponse(text, content_type=content_type, headers=headers))


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Add an ETag, and answer 304 to a client that has these very bytes."""
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    found = get_conditional_response(request, etag=etag, response=response)
    return found or response
