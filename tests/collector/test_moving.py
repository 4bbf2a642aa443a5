from __future__ import annotations

import pytest

from tests.collector.services.conftest import APPS
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host, sqlite

FILL = """
from django.contrib.auth import get_user_model
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.demo import Fleet
from metric_collection.collector.models import *
if not Site.objects.exists():
    site = Site.objects.create(id=5, name="Acme", slug="acme")
    list(Fleet(site=site, installations=8, days=8, now=utc_now()).live())
    user = get_user_model().objects.create_superuser("admin", password="secret")
    Import.objects.create(sha256="0", lines=1, counted=1, repeats=0, refused=0, at=utc_now(), by=user)
"""
TOTALS = """
from django.contrib.auth import get_user_model
from django.db.models import Sum
from metric_collection.collector.models import *
def totals(alias):
    return {
        "cells": Cell.objects.using(alias).aggregate(Sum("n"))["n__sum"],
        "periods": list(Period.objects.using(alias).order_by("id").values_list("id", "span", "installations")),
        "users": get_user_model().objects.using(alias).count(),
        "imports": Import.objects.using(alias).filter(by__isnull=False).count(),
    }
assert totals("embedded") == totals("default"), (totals("embedded"), totals("default"))
"""
COUNTS_ON = """
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.counting import rollup
from metric_collection.collector.door import inbox
from tests.collector.reports import report
now = utc_now()
inbox.put(site_id=5, key=None, body=report(at=now, facts={"new": "x"}), source="door", now=now)
assert rollup.roll_up(utc_now) == 1
"""


@pytest.mark.thorough
@pytest.mark.parametrize("kind", DATABASES)
def test_an_embedded_collector_moves_to_another_database(tmp_path, kind):
    with DATABASES[kind](tmp_path) as target:
        files = {"product/__init__.py": PYMYSQL} if "mysql" in target["ENGINE"] else {}
        databases = {"default": target, "embedded": sqlite(tmp_path / "embedded.sqlite3")}
        host = Host(
            tmp_path, files, DATABASES={"default": databases["embedded"]}, INSTALLED_APPS=APPS
        )
        host.manage("migrate")
        host.django(FILL)
        host.configure(DATABASES=databases)
        host.manage("migrate")
        moved = host.manage("metric_collector", "move", "--from", "embedded")
        assert moved.returncode == 0, moved.stderr
        assert "usage_metrics_collector.Cell: " in moved.stdout
        host.django(TOTALS)
        host.django(COUNTS_ON)
        again = host.manage("metric_collector", "move", "--from", "embedded")
        assert "Move to one that was only migrated" in again.stderr
