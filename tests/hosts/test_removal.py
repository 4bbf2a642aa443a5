"""Removing the app from INSTALLED_APPS switches it off, whatever else of it is left in the product."""

from __future__ import annotations

import pytest

from tests.harness.host import Host

MANAGE = """
    import sys
    from metric_collection.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""
URLS = """
    from django.http import HttpResponse
    from django.urls import path
    from metric_collection import flush, measure_event

    def view(request):
        measure_event("Search", "Run", "search")
        flush()
        return HttpResponse("well")

    urlpatterns = [path("", view)]
"""


@pytest.fixture
def host(tmp_path):
    return Host(
        tmp_path,
        {"manage.py": MANAGE, "product/urls.py": URLS},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        MIDDLEWARE=["metric_collection.middleware.RecorderMiddleware"],
        ROOT_URLCONF="product.urls",
        ALLOWED_HOSTS=["*"],
        METRIC_COLLECTION_RECORDERS={"requests": "search", "commands": "search"},
    )


def test_commands_go_on(host):
    ended = host.manage("migrate", "-v", "0")  # checks first
    assert ended.returncode == 0, ended.stderr


def test_requests_go_on(host):
    assert (
        host.django("""
        from django.test import Client
        print(json.dumps(Client().get("/").content.decode()))
    """)
        == "well"
    )
