"""The page in products that differ: their users, their databases, their order of apps."""

from __future__ import annotations

import pytest

from tests.harness import admin
from tests.harness.host import Host, sqlite

APPS = [*admin.APPS, "django.contrib.admin"]

USERS = """\
import uuid
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_staff = True
    USERNAME_FIELD = "email"
    objects = BaseUserManager()
"""
LOOK_AND_SWITCH = """
from django.contrib.admin.models import LogEntry
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

for alias in settings.DATABASES:
    call_command("migrate", database=alias, verbosity=0)
page = reverse("admin:usage_metrics_system_info")
user = get_user_model().objects.create(is_superuser=True, **json.loads(sys.argv[1]))
client = Client()
client.force_login(user)
print(json.dumps({
    "index": client.get(reverse("admin:index")).content.decode().count("Keep on"),
    "page": client.get(page).status_code,
    "switch": client.post(page, {"choice": "off"}).status_code,
    "state": "Off, because a superuser has declined." in client.get(page).content.decode(),
    "log": [entry.change_message for entry in LogEntry.objects.filter(user=user)],
}))
"""
DONE = {
    "index": 1,
    "page": 200,
    "switch": 302,
    "state": True,
    "log": ["Usage metrics: from unknown to denied"],
}
ROUTER = """\
class Router:
    def db_for_read(self, model, **hints):
        return "ours" if model._meta.app_label == "usage_metrics" else None

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return (app_label == "usage_metrics") is (db == "ours")
"""


@pytest.mark.thorough
def test_users_may_have_a_uuid_and_neither_name_nor_staff_column(tmp_path):
    files = {"product/urls.py": admin.URLS, "people/__init__.py": "", "people/models.py": USERS}
    apps = ["metric_collection", *APPS, "people"]
    host = Host(
        tmp_path, files, **admin.SETTINGS, INSTALLED_APPS=apps, AUTH_USER_MODEL="people.Person"
    )
    assert host.manage("makemigrations", "people").returncode == 0
    assert host.django(LOOK_AND_SWITCH, '{"email": "one@acme.example"}') == DONE


@pytest.mark.thorough
def test_our_tables_may_be_in_a_database_of_their_own_and_our_app_the_last(tmp_path):
    databases = {name: sqlite(tmp_path / f"{name}.sqlite3") for name in ("default", "ours")}
    files = {"product/urls.py": admin.URLS, "product/router.py": ROUTER}
    host = Host(
        tmp_path,
        files,
        **admin.SETTINGS,
        INSTALLED_APPS=[*APPS, "metric_collection"],
        DATABASES=databases,
        DATABASE_ROUTERS=["product.router.Router"],
    )
    assert host.django(LOOK_AND_SWITCH, '{"username": "one", "is_staff": true}') == DONE


CLICK_WHILE_OTHERS_WRITE = """
import sqlite3, threading, time
from collections import Counter
from django.conf import settings
from django.db import connection
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

call_command("migrate", verbosity=0)
with connection.cursor() as cursor:
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("CREATE TABLE noise (n INTEGER)")
connection.close()
client = Client(raise_request_exception=False)
client.force_login(get_user_model().objects.create_superuser("one"))
done = threading.Event()


def write():
    other = sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=30)
    while not done.is_set():
        other.execute("INSERT INTO noise VALUES (1)")
        other.commit()
        time.sleep(0.0005)


writers = [threading.Thread(target=write) for _ in range(2)]
for writer in writers:
    writer.start()
page = reverse("admin:usage_metrics_system_info")
answers = Counter()
for click in range(30):
    choice = "on" if click % 2 else "off"
    answers[str(client.post(page, {"choice": choice}).status_code)] += 1
done.set()
for writer in writers:
    writer.join()
print(json.dumps(answers))
"""


@pytest.mark.parametrize("atomic_requests", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_no_click_fails_while_other_processes_write_to_sqlite(atomic_requests, tmp_path):
    database = {**sqlite(tmp_path / "db.sqlite3"), "ATOMIC_REQUESTS": atomic_requests}
    host = Host(
        tmp_path,
        {"product/urls.py": admin.URLS},
        **admin.SETTINGS,
        INSTALLED_APPS=["metric_collection", *APPS],
        DATABASES={"default": database},
    )
    assert host.django(CLICK_WHILE_OTHERS_WRITE) == {"302": 30}
