"""The staff's pages of the collector in a real browser: accessible, on any screen, and without scripts.

``python -m pytest tests/browser/test_collector.py --pictures docs`` takes the pictures of the documents.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from metric_collection.collector.dashboard import public_views, views
from metric_collection.collector.models import (
    Cell,
    Fact,
    Forwarding,
    Lateness,
    Period,
    Refusal,
    Site,
    Span,
    Work,
)
from metric_collection.collector.publishing import publications
from tests.collector.rows import NOW, TODAY, grow

from .test_states import unfold, violations

DASHBOARD = reverse("admin:usage_metrics_collector_dashboard")
OPERATIONS = reverse("admin:usage_metrics_collector_operations")
LIMIT = 150_000  # bytes


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(views, "utc_now", lambda: NOW)
    monkeypatch.setattr(public_views, "utc_now", lambda: NOW)


@pytest.fixture
def fleet(transactional_db):
    site = grow(size=1240, days=120, facts=2, grows=True)
    Lateness.objects.create(site_id=5, day=TODAY, days=0, n=910)
    Lateness.objects.create(site_id=5, day=TODAY, days=2, n=64)
    Refusal.objects.create(site_id=7, day=TODAY, reason="unknown site", n=123)
    Work.objects.create(name="roll-up", began_at=NOW, ended_at=NOW, outcome="done", detail="12")
    return site


@pytest.fixture
def staff(viewer):
    viewer.user_permissions.add(Permission.objects.get(codename="view_period"))
    return viewer


@pytest.mark.parametrize("path", [DASHBOARD, f"{DASHBOARD}?version=2.4", OPERATIONS])
def test_the_pages_pass_wcag_in_light_and_dark_on_any_screen(path, fleet, visit, staff):
    tab = visit(path, staff, color_scheme="light")
    unfold(tab)
    assert "Found 0 " in violations(tab), violations(tab)
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size({"width": 360, "height": 740})
    assert "Found 0 " in violations(tab), violations(tab)
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_forwarding_that_fails_passes_wcag(fleet, visit, staff, settings):
    target = {"url": "https://matomo.example.org", "site": 3, "token": "a-token"}
    settings.METRIC_COLLECTOR_FORWARD = {5: target}
    Forwarding.objects.create(
        site_id=5, failures=1, failed_at=NOW, detail="the server answered 503"
    )
    tab = visit(OPERATIONS, staff)
    tab.get_by_text("matomo.example.org: nothing yet. the server answered 503").wait_for()
    assert "a-token" not in tab.content()
    assert "Found 0 " in violations(tab), violations(tab)


@pytest.mark.parametrize("path", [DASHBOARD, OPERATIONS])
def test_a_new_collector_passes_wcag(path, visit, staff):
    Site.objects.create(id=5, name="Acme", slug="acme")
    tab = visit(path, staff)
    assert "Found 0 " in violations(tab), violations(tab)


@pytest.mark.parametrize("path", [DASHBOARD, OPERATIONS])
def test_the_pages_keep_a_strict_content_security_policy(path, fleet, visit, staff, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.browser.policy.content_security_policy"]
    tab = visit(path, staff)
    refused = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.reload()
    assert not [text for text in refused if "Content Security Policy" in text]
    assert tab.locator(".umc-line").first.evaluate("line => getComputedStyle(line).fill") == "none"


def test_the_pages_can_be_read_from_right_to_left(fleet, visit, staff, settings):
    settings.LANGUAGE_CODE = "ar"
    tab = visit(DASHBOARD, staff, viewport={"width": 360, "height": 740})
    unfold(tab)
    assert tab.evaluate("document.documentElement.dir") == "rtl"
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_a_version_is_chosen_without_a_script(fleet, visit, staff):
    tab = visit(DASHBOARD, staff, java_script_enabled=False)
    tab.get_by_label("Version", exact=True).select_option("2.4")
    tab.get_by_label("Time", exact=True).select_option("4 weeks")
    tab.get_by_role("button", name="Show").click()
    tab.get_by_text("2.4.0 leads with 100 % of the installations.").first.wait_for()
    assert "days=28&version=2.4" in tab.url


@pytest.fixture
def published(fleet):
    Site.objects.update(is_public=True)
    Fact.objects.filter(is_declared=True).update(is_public=True)
    publications.publish(NOW)


@pytest.mark.parametrize("path", ["/collector/acme/", "/collector/acme/rules/"])
def test_the_public_pages_pass_wcag_and_keep_their_policy(path, published, open_tab, live_server):
    tab = open_tab(base_url=live_server.url, color_scheme="light")
    refused = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.goto(path)
    unfold(tab)
    assert "Found 0 " in violations_of_page(tab), violations_of_page(tab)
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size({"width": 360, "height": 740})
    assert "Found 0 " in violations_of_page(tab), violations_of_page(tab)
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 360
    assert not [text for text in refused if "Content Security Policy" in text]


def violations_of_page(tab) -> str:
    """Judge the whole page: all of it is ours. Its policy forbids injected scripts, and so do we here."""
    html, base = tab.content(), tab.url
    copy = tab.context.new_page()
    copy.emulate_media(
        color_scheme=(tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") and "dark")
        or "light"
    )
    copy.route(base, lambda route: route.fulfill(body=html, content_type="text/html"))
    copy.goto(base)
    return violations(copy)


def test_the_public_page_is_a_picture_of_the_documents(published, open_tab, live_server, picture):
    tab = open_tab(base_url=live_server.url, viewport={"width": 1200, "height": 1300})
    tab.goto("/collector/acme/")
    assert picture(tab, "collector-public.png").stat().st_size < LIMIT


def test_decisions_and_imports_pass_wcag(fleet, visit, superuser):
    Site.objects.update(is_public=True)
    Fact.objects.filter(is_declared=True).update(is_public=True)
    Cell.objects.filter(
        span=Span.WEEK, start="2026-11-09", value__text__startswith="Ubuntu"
    ).delete()
    days = Period.objects.filter(span=Span.DAY, state=Period.State.SETTLED)
    days.filter(start__gte="2026-11-20").update(state=Period.State.HELD, note="odd")
    tab = visit(OPERATIONS, superuser)
    assert tab.get_by_role("button", name="Hide Ubuntu 24.04 LTS").count() == 2
    assert "Found 0 " in violations(tab), violations(tab)
    tab.goto(reverse("admin:usage_metrics_collector_import"))
    tab.get_by_label("File of reports (JSON lines)").set_input_files(
        {"name": "reports.jsonl", "mimeType": "text/plain", "buffer": b"nonsense\n"}
    )
    tab.get_by_role("button", name="Import").click()
    tab.get_by_text("Line 1: it is not JSON").wait_for()
    assert "Found 0 " in violations(tab), violations(tab)


def test_a_held_day_is_decided_without_a_script(fleet, visit, superuser):
    day = Period.objects.filter(span=Span.DAY, state=Period.State.SETTLED).latest("start")
    Period.objects.filter(pk=day.pk).update(state=Period.State.HELD, note="odd")
    tab = visit(OPERATIONS, superuser, java_script_enabled=False)
    tab.get_by_label("Note, published with the period").fill("A fair")
    tab.get_by_role("button", name="Publish", exact=True).click()
    tab.get_by_text("Published.").wait_for()
    day.refresh_from_db()
    assert (day.state, day.note) == (Period.State.PUBLISHED, "A fair")


@pytest.mark.parametrize(("name", "path"), [("dashboard", DASHBOARD), ("operations", OPERATIONS)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_of_the_documents_are_small(name, path, scheme, fleet, visit, staff, picture):
    tab = visit(path, staff, color_scheme=scheme, viewport={"width": 1360, "height": 1500})
    assert picture(tab, f"collector-{name}-{scheme}.png").stat().st_size < LIMIT
