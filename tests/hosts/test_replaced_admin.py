"""Hosts that put another AdminSite in the place of Django's, in each of the ways that one meets."""

from __future__ import annotations

import pytest

from tests.harness import admin
from tests.harness.host import Host

SITE = """\
from django.contrib import admin

class ProductSite(admin.AdminSite):
    site_header = "The product's own admin"
"""
DEFAULT_SITE = {
    "product/sites.py": SITE,
    "product/apps.py": """
        from django.contrib.admin.apps import AdminConfig
        class ProductAdminConfig(AdminConfig):
            default_site = "product.sites.ProductSite"
    """,
    "product/urls.py": admin.URLS,
}
ASSIGNED_WHEN_READY = {
    "product/sites.py": SITE,
    "product/apps.py": """
        from django.apps import AppConfig
        class ProductConfig(AppConfig):
            name = "product"
            def ready(self):
                from django.contrib import admin
                from product.sites import ProductSite
                admin.site = admin.sites.site = ProductSite()
    """,
    "product/urls.py": admin.URLS,
}
ASSIGNED_WITH_THE_URLS = {
    "product/sites.py": SITE,
    "product/urls.py": """
        from django.contrib import admin
        from django.urls import path
        from product.sites import ProductSite
        site = ProductSite()
        site._registry.update(admin.site._registry)
        admin.site = site
        urlpatterns = [path("admin/", admin.site.urls)]
    """,
}
LOOK = f"""{admin.SUPERUSER}
index = client.get("/admin/").content.decode()
print(json.dumps([
    "The product's own admin" in index or "The product&#x27;s own admin" in index,
    page in index,
    client.get(page).status_code,
    client.post(page, {{"choice": "off"}}).url,
]))
"""


@pytest.mark.parametrize(
    ("files", "apps"),
    [
        pytest.param(DEFAULT_SITE, ["product.apps.ProductAdminConfig"], id="default_site"),
        pytest.param(
            ASSIGNED_WHEN_READY,
            ["product.apps.ProductConfig", "django.contrib.admin"],
            id="assigned when ready",
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            ASSIGNED_WITH_THE_URLS,
            ["django.contrib.admin"],
            id="assigned with the URLs",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_the_page_is_in_the_admin_that_the_host_has_put_there(tmp_path, files, apps):
    host = Host(tmp_path, files, **admin.SETTINGS)
    host.configure(INSTALLED_APPS=[*admin.APPS, *apps, "metric_collection"])
    page = "/admin/usage_metrics/consent/"
    assert host.django(LOOK) == [True, True, 200, page]
