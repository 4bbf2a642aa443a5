from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connections

from metric_collection.collector import moving
from metric_collection.collector.models import Cell, Fact, Hour, Import, Site, Value, digest
from tests.collector.reports import NOON
from tests.collector.services.conftest import APPS
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host, sqlite

DAY = timedelta(days=1)
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


@pytest.fixture(scope="module")
def migrated(django_db_setup, django_db_blocker, tmp_path_factory):
    """The file of a database that was only migrated."""
    file = tmp_path_factory.mktemp("migrated") / "database"
    connections.databases["migrated"] = {**connections.databases["default"], "NAME": str(file)}
    with django_db_blocker.unblock():
        call_command("migrate", database="migrated", verbosity=0)
        connections["migrated"].close()
    del connections["migrated"], connections.databases["migrated"]
    return file


@pytest.fixture
def databases(migrated, django_db_blocker, tmp_path):
    """Two databases in files, migrated: the source and the target."""
    aliases = ("source", "target")
    default = connections.databases["default"]
    with django_db_blocker.unblock():
        for alias in aliases:
            file = shutil.copy(migrated, tmp_path / alias)
            connections.databases[alias] = {**default, "NAME": str(file)}
        yield aliases
        for alias in aliases:
            connections[alias].close()
            del connections[alias], connections.databases[alias]


def grant(alias):
    """Let an account and its group view and edit by permissions that have other ids elsewhere."""
    permissions = Permission.objects.using(alias)
    view = permissions.get(codename="view_period")
    view.delete()
    view.save(using=alias, force_insert=True)
    group = Group.objects.using(alias).create(name="viewers")
    group.permissions.add(view)
    user = get_user_model().objects.using(alias).get()
    user.groups.add(group)
    user.user_permissions.add(permissions.get(codename="change_site"))


def fill(alias):
    """A row of some tables, with parents made after their children's ids."""
    site = Site.objects.using(alias).create(id=5, name="Acme", slug="acme")
    keys = {"site": site, "digest": digest("os")}
    fact = Fact.objects.using(alias).create(name="os", **keys)
    seen = {"first_seen": NOON.date(), "last_seen": NOON.date()}
    value = Value.objects.using(alias).create(fact=fact, text="x", digest=digest("x"), **seen)
    for day in range(3):
        start = NOON.date() + day * DAY
        Cell.objects.using(alias).create(fact=fact, value=value, span="D", start=start, n=day)
        Hour.objects.using(alias).create(start=NOON + day * DAY, n=1)
    user = get_user_model().objects.db_manager(alias).create_user("staff")
    sums = {"lines": 1, "counted": 1, "repeats": 0, "refused": 0}
    Import.objects.using(alias).create(sha256="0", at=NOON, by=user, **sums)


@pytest.mark.parametrize("has_account", [False, True])
def test_everything_is_copied_and_new_rows_have_free_ids(databases, has_account, monkeypatch):
    monkeypatch.setattr(moving, "MOST_ROWS", 2)
    source, target = databases
    fill(source)
    if has_account:
        get_user_model().objects.db_manager(target).create_user("admin")
    copied = moving.move(source, target)
    for model in (Site, Fact, Value, Cell, Import):
        rows = model.objects.using(target).order_by("pk").values_list("pk", flat=True)
        assert list(rows) == list(
            model.objects.using(source).order_by("pk").values_list("pk", flat=True)
        )
        assert copied[model._meta.label] == len(rows)
    imported = Import.objects.using(target).get()
    assert (imported.by is None) is has_account
    assert Hour.objects.using(target).create(start=NOON + 9 * DAY, n=1).pk == 4
    with pytest.raises(moving.CannotMoveError, match="Move to one that was only migrated"):
        moving.move(source, target)


def test_accounts_keep_their_groups_and_permissions(databases):
    source, target = databases
    fill(source)
    grant(source)
    Group.objects.using(target).create(name="others")
    assert moving.move(source, target)["auth.Group"] == 1
    user = get_user_model().objects.using(target).get()
    assert [group.name for group in user.groups.all()] == ["viewers"]
    assert [each.codename for each in user.groups.get().permissions.all()] == ["view_period"]
    assert [each.codename for each in user.user_permissions.all()] == ["change_site"]


def test_a_row_that_the_other_database_refuses_is_named(databases):
    source, target = databases
    fill(source)
    Site.objects.using(source).create(id=7, name="Other", slug="other")
    with connections[target].cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON usage_metrics_collector_site WHEN NEW.id = 7"
            " BEGIN SELECT RAISE(ABORT, 'value too long'); END"
        )
    problem = r"usage_metrics_collector.Site 7 cannot be written to 'target': value too long"
    with pytest.raises(moving.CannotMoveError, match=problem):
        moving.move(source, target)
    assert not Site.objects.using(target).exists()


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
