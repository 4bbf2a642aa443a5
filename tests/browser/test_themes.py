"""The page and the notice in the best-known themes of the admin: readable, and with buttons that work."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tests.harness import admin
from tests.harness.host import Host
from tests.harness.process import Process

CREATE = """
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser("superuser", password="superuser")
"""
ADDRESS = r"http://127\.0\.0\.1:[1-9]\d*"


@pytest.fixture(params=["unfold", "jazzmin", "grappelli"])
def themed(request, tmp_path, chromium):
    """Run a product whose admin has a theme; return its address."""
    pytest.importorskip(request.param, reason='needs the extra "browser"')
    apps = [request.param, *admin.APPS, "django.contrib.admin", "metric_collection"]
    host = Host(tmp_path, {"product/urls.py": admin.URLS}, **admin.SETTINGS, INSTALLED_APPS=apps)
    host.configure(ALLOWED_HOSTS=["127.0.0.1"])
    assert host.manage("migrate").returncode == 0
    host.django(CREATE)
    serve = [sys.executable, "manage.py", "runserver", "--noreload", "--insecure", "127.0.0.1:0"]
    own = {"DJANGO_SETTINGS_MODULE": "product.settings", "PYTHONUNBUFFERED": "1"}
    with Process(serve, tmp_path / "web.log", cwd=tmp_path, env=os.environ | own) as web:
        web.await_line(ADDRESS)
        yield re.search(ADDRESS, web.log)[0]


def test_the_notice_and_the_page_can_be_read_and_used_in_a_theme(themed, open_tab):
    tab = open_tab(base_url=themed, viewport={"width": 360, "height": 740})
    tab.goto("/admin/")
    tab.locator("[name=username]").fill("superuser")
    tab.locator("[name=password]").fill("superuser")
    tab.locator("[name=password]").press("Enter")
    keep, switch_off = (tab.get_by_role("button", name=name) for name in ("Keep on", "Switch off"))
    assert keep.bounding_box()["width"] == switch_off.bounding_box()["width"]
    switch_off.click()
    state = tab.get_by_text("Off, because a superuser has declined.")
    state.wait_for()
    assert state.is_visible()
    assert tab.locator(".usage-metrics").bounding_box()["width"] <= 360
    switch = tab.get_by_role("group", name="Usage metrics are off")
    switch.get_by_role("button", name="On", exact=True).click()
    tab.get_by_role("heading", name="Usage metrics are on").wait_for()
