"""A host that wraps each request in a transaction: a failing fact must not cost it the page."""

from __future__ import annotations

import pytest

from tests.harness import admin
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host

FAILING = """\
from django.contrib.auth.models import User
from django.db import connection

def failing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

def duplicate():
    User.objects.create_user("boss")
"""
LOOK = f"""{admin.SUPERUSER}
print(json.dumps([client.get("/admin/").status_code, client.get(page).status_code]))
"""


@pytest.mark.thorough
@pytest.mark.parametrize("database", DATABASES)
def test_the_page_is_shown_although_a_facts_query_fails(database, tmp_path):
    with DATABASES[database](tmp_path) as settings:
        files = {"product/urls.py": admin.URLS, "product/failing.py": FAILING}
        if database == "MariaDB":
            files["product/__init__.py"] = PYMYSQL
        host = Host(
            tmp_path,
            files,
            **admin.SETTINGS,
            INSTALLED_APPS=[*admin.APPS, "metric_collection", "django.contrib.admin"],
            DATABASES={"default": settings | {"ATOMIC_REQUESTS": True}},
            METRIC_COLLECTION_FACTS={"mode": "product.failing.failing"},
            METRIC_COLLECTION_COUNTS={"users": "product.failing.duplicate"},
        )
        host.manage("migrate").check_returncode()
        assert host.django(LOOK) == [200, 200]
