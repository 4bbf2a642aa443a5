"""Hosts that leave out, or have of their own, what others have: their settings, views and pages."""

from __future__ import annotations

import pytest

from tests.campaigns import daily
from tests.harness import admin
from tests.harness.host import DJANGO_SETUP, Host

APPS = [*admin.APPS, "metric_collection", "django.contrib.admin"]
OWN_PAGE = """
    from django.contrib import admin
    from django.http import HttpResponse
    from django.urls import path

    class ProductSite(admin.AdminSite):
        def get_urls(self):
            own = path("system-info/", self.admin_view(self.system_info), name="system_info")
            return [own, *super().get_urls()]

        def system_info(self, request):
            return HttpResponse("System information of the product")

    site = ProductSite()
    site._registry.update(admin.site._registry)
    urlpatterns = [path("admin/", site.urls)]
"""
STRICT = """
    def middleware(get_response):
        def respond(request):
            response = get_response(request)
            response["Content-Security-Policy"] = "default-src 'self'"
            return response
        return respond
"""
LOOK = f"""{admin.SUPERUSER}
import re
shown = client.get(page).content.decode()
index = client.get("/admin/").content.decode()
print(json.dumps({{
    "own page": client.get("/admin/system-info/").content.decode(),
    "inline": re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=|javascript:", shown + index),
    "elsewhere": re.findall(r'(?:src|href)="(?:https?:)?//[^"]*', shown + index),
    "switch": client.post(page, {{"choice": "off"}}).status_code,
    "state": "because a superuser has declined" in client.get(page).content.decode(),
}}))
"""
FAILING_VIEW = f"""{admin.SUPERUSER}
from metric_collection.models import Consent, Report
before = Report.objects.count()
client.raise_request_exception = False
status = client.post("/off-and-fail/").status_code
print(json.dumps([before, status, Report.objects.count(), Consent.objects.get().choice]))
"""
FAILS = """
    from django.contrib import admin
    from django.urls import path
    from metric_collection.consent.choice import choose
    from metric_collection.cleaninsights.clock import utc_now
    from metric_collection.models import Consent

    def off_and_fail(request):
        choose(Consent.Choice.DENIED, now=utc_now())
        raise ValueError

    urlpatterns = [path("admin/", admin.site.urls), path("off-and-fail/", off_and_fail)]
"""
CHECK_AND_SHOW = """
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("metric_collection", "dictionary", "--static", "--format", "markdown")
"""


def test_a_host_keeps_its_own_page_and_its_strict_content_security_policy(tmp_path):
    files = {"product/urls.py": OWN_PAGE, "product/strict.py": STRICT}
    host = Host(tmp_path, files, **admin.SETTINGS, INSTALLED_APPS=APPS)
    host.configure(MIDDLEWARE=["product.strict.middleware", *admin.SETTINGS["MIDDLEWARE"]])
    assert host.django(LOOK) == {
        "own page": "System information of the product",
        "inline": [],
        "elsewhere": [],
        "switch": 302,
        "state": True,
    }


def test_with_atomic_requests_a_view_that_fails_takes_its_choice_back(tmp_path):
    host = Host(tmp_path, {"product/urls.py": FAILS}, **admin.SETTINGS, INSTALLED_APPS=APPS)
    host.settings["DATABASES"]["default"]["ATOMIC_REQUESTS"] = True
    host.configure()
    assert host.django(FAILING_VIEW) == [1, 500, 1, "unknown"]


def test_without_default_auto_field_no_migration_is_missing_and_no_check_fails(tmp_path):
    host = Host(tmp_path, {"product/urls.py": admin.URLS}, **admin.SETTINGS, INSTALLED_APPS=APPS)
    assert "DEFAULT_AUTO_FIELD" not in host.settings
    ended = host.manage("makemigrations", "--check", "--dry-run")
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout == "No changes detected\n"
    assert "usage_metrics" not in ended.stderr


@pytest.mark.thorough
def test_probes_and_recorders_whose_docstrings_python_has_stripped_are_no_defect(tmp_path):
    campaign = daily(end="2099-01-01T00:00:00Z")
    host = Host(
        tmp_path,
        METRIC_COLLECTION_CAMPAIGNS={"tasks": campaign},
        METRIC_COLLECTION_RECORDERS={"tasks": "tasks"},
        METRIC_COLLECTION_PACKAGES=["product"],
    )
    stripped = host.run("-OO", "-c", DJANGO_SETUP + CHECK_AND_SHOW)
    assert stripped.returncode == 0, stripped.stderr
    assert "\n(`metric_collection.probes.OperatingSystem`)\n" in stripped.stdout
    assert "OperatingSystem(" not in stripped.stdout
    assert "| `tasks` | " in stripped.stdout
    assert "TaskRecorder(" not in stripped.stdout
