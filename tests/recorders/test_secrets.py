"""A host full of secrets, with every recorder on: none of them gets any further."""

from __future__ import annotations

import pytest
from celery import Celery
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from metric_collection.management import execute_from_command_line
from metric_collection.measuring.meter import meter
from metric_collection.models import Measurement
from metric_collection.outbox import pack
from metric_collection.recorders.checks import MIDDLEWARE
from metric_collection.reporting.flushing import Flusher, state_folder

SECRET = "s3cr3t"  # what each of them begins with


@pytest.fixture
def task():
    apps.get_app_config("usage_metrics").connect_celery()
    app = Celery("host", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_always_eager = True

    @app.task(name="shop.tidy", shared=False)
    def tidy(argument):
        if argument.endswith("argument"):
            raise LookupError(argument)
        return argument

    yield tidy
    app.close()


@pytest.fixture
def everything(product, task, db, capsys, caplog):
    """Let the host do everything that is recorded, with a secret at every place that has room for one."""
    caplog.set_level("DEBUG", "metric_collection")
    product.METRIC_COLLECTION_RECORDERS = {
        **dict.fromkeys(("requests", "tasks", "errors", "commands"), "use"),
        "clients": {
            "campaign": "use",
            "pattern": r"(?P<product>acme-cli)/(?P<version>[\d.]+)(?P<rest>.*)",
        },
    }
    product.ROOT_URLCONF = "tests.recorders.views"
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]
    client = Client(raise_request_exception=False, REMOTE_ADDR="s3cr3t-address")
    client.force_login(User.objects.create_user("s3cr3t-user"))
    client.cookies["session"] = "s3cr3t-cookie"
    agent = {"user-agent": "acme-cli/1.0 (s3cr3t-agent)"}
    client.get("/shop/failing/s3cr3t-path?q=s3cr3t-query", headers=agent)
    client.post("/shop/items/5?q=s3cr3t-query", {"text": "s3cr3t-body"}, headers=agent)
    client.get("/shop/s3cr3t-path", headers=agent)
    task.delay("s3cr3t-argument")
    task.delay(argument="s3cr3t-result")
    for line in (["check", "--tag", "s3cr3t-command"], ["s3cr3t-command"]):
        with pytest.raises(SystemExit):
            execute_from_command_line(["manage.py", *line])
    return caplog


def test_what_is_recorded_has_no_secret_in_journal_database_report_or_log(everything):
    journals = b"".join(path.read_bytes() for path in state_folder().path.iterdir())
    assert b"shop:failing" in journals
    Flusher(meter).flush()
    rows = list(Measurement.objects.all())
    ours = [record for record in everything.records if record.name.startswith("metric_coll")]
    said = " ".join(record.getMessage() for record in ours)
    sent = pack(row.point for row in rows)
    assert sorted(row.point.identity for row in rows) == [
        ("Clients", "acme-cli", "1.0"),
        ("Commands", "Failed", "check"),
        ("Errors", "tests.recorders.test_secrets", "LookupError"),
        ("Errors", "tests.recorders.views", "OutOfPaper"),
        ("Requests", "Answered", "shop:item"),
        ("Requests", "Failed", "shop:failing"),
        ("Tasks", "Failed", "shop.tidy"),
        ("Tasks", "Succeeded", "shop.tidy"),
    ]
    assert SECRET.encode() not in journals + sent
    assert SECRET not in said + repr(Measurement.objects.values())
