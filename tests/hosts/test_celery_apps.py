"""Celery apps of hosts, whatever they are called and however they are made, get the two beat entries."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.harness.host import CELERY, Host

DELIVER, HEARTBEAT = "metric_collection.deliver", "metric_collection.heartbeat"
thorough = pytest.mark.thorough

AS_DOCUMENTED = {
    "product/__init__.py": "from .celery import app as celery_app",
    "product/celery.py": """
        import os
        from celery import Celery
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "product.settings")
        app = Celery("product")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
    """,
}
DISCOVERS_NOTHING = {
    "product/celery.py": """
        from celery import Celery
        app = Celery("product")
        app.config_from_object("django.conf:settings", namespace="CELERY")
    """,
}
NAMED_OTHERWISE = {
    "acme/__init__.py": "",
    "acme/engine.py": """
        from celery import Celery
        jobs = Celery("something.else")
        jobs.config_from_object("django.conf:settings", namespace="JOBS")

        @jobs.on_after_finalize.connect
        def add_entries(sender, **_):
            sender.add_periodic_task(60, sender.signature("product.tidy"), name="hosts-own")
    """,
}
SETS_DJANGO_UP = {
    "product/celery.py": """
        import django
        django.setup()
        from celery import Celery
        app = Celery("product")
        app.config_from_object("django.conf:settings", namespace="CELERY")
    """,
}
IS_NOT_CURRENT = {
    "product/celery.py": """
        from celery import Celery
        app = Celery("product", set_as_current=False)
        app.conf.beat_schedule = {"hosts-own": {"task": "product.tidy", "schedule": 60}}
    """,
}
OWN_ENTRY = {"hosts-own": {"task": "product.tidy", "schedule": 60}}

# What `celery beat -A` does up to its first tick (celery.beat.Service.start).
START = """
import json, sys
from celery import signals
from celery.app.utils import find_app
from celery.beat import Service

app = find_app(sys.argv[1])
app.loader.init_worker()
app.finalize()
service = Service(app, schedule_filename="schedule")
service.scheduler
signals.beat_init.send(sender=service)

from django.conf import settings
entries = service.scheduler.schedule
print(json.dumps({
    "schedule": {name: entry.task for name, entry in entries.items() if "backend_cleanup" not in name},
    "seconds": {name: entry.schedule.run_every.total_seconds() for name, entry in entries.items()
                if name in app.tasks and "backend_cleanup" not in name},
    "options": {name: entry.options for name, entry in entries.items()},
    "tasks": sorted(name for name in app.tasks if name.startswith("metric_collection.")),
    "settings": getattr(settings, "CELERY_BEAT_SCHEDULE", None),
    "configuration": app.conf.beat_schedule,
}))
"""


@pytest.mark.parametrize(
    ("files", "app"),
    [
        pytest.param(AS_DOCUMENTED, "product", id="documented"),
        pytest.param(DISCOVERS_NOTHING, "product", id="discovers nothing", marks=thorough),
        pytest.param(NAMED_OTHERWISE, "acme.engine:jobs", id="other names, schedules late"),
        pytest.param(SETS_DJANGO_UP, "product.celery", id="sets Django up", marks=thorough),
        pytest.param(
            IS_NOT_CURRENT, "product", id="is not current, schedules in Python", marks=thorough
        ),
    ],
)
def test_our_entries_join_the_hosts_schedule(tmp_path, files, app):
    started = Host(tmp_path, files, CELERY_BEAT_SCHEDULE=OWN_ENTRY).python(START, app)
    assert started["schedule"] == {
        HEARTBEAT: HEARTBEAT,
        DELIVER: DELIVER,
        "hosts-own": "product.tidy",
    }
    assert started["seconds"] == {HEARTBEAT: 24 * 3600, DELIVER: 600}
    assert started["tasks"] == [DELIVER, HEARTBEAT]


LATE = {
    "on_after_finalize": """
        @app.on_after_finalize.connect
        def schedule(sender, **_):
            sender.conf.beat_schedule = OWN
    """,
    "import_modules": """
        from celery import signals
        @signals.import_modules.connect
        def schedule(sender, **_):
            sender.conf.beat_schedule = OWN
    """,
    "beat_init": """
        from celery import signals
        @signals.beat_init.connect
        def schedule(sender, **_):
            sender.app.conf.beat_schedule = OWN
    """,
    "ready": "",
}
READY = """
from django.apps import AppConfig
class Config(AppConfig):
    name = "late"
    def ready(self):
        from product.celery import OWN, app
        app.conf.beat_schedule = OWN
"""


@pytest.fixture
def late_host(tmp_path):
    """late_host(place, namespace) -> a host that assigns its schedule in that place."""

    def late_host(place: str, namespace: str | None) -> Host:
        files = {
            "late/__init__.py": "",
            "late/apps.py": READY if place == "ready" else "",
            "product/__init__.py": "from .celery import app as celery_app",
            "product/celery.py": "from celery import Celery\n"
            f"OWN = {OWN_ENTRY!r}\n"
            'app = Celery("product")\n'
            f'app.config_from_object("django.conf:settings", namespace={namespace!r})\n'
            + dedent(LATE[place]),
        }
        host = Host(tmp_path, files)
        if namespace is None:  # Celery's old names are those without a prefix
            broker = {
                name.removeprefix("CELERY_").lower(): value
                for name, value in host.settings.items()
                if name.startswith("CELERY_")
            }
            host.write(
                {"product/celery.py": files["product/celery.py"] + f"app.conf.update({broker!r})\n"}
            )
        host.configure(INSTALLED_APPS=[*host.settings["INSTALLED_APPS"], "late"])
        return host

    return late_host


@pytest.mark.parametrize(
    ("place", "namespace"),
    [
        ("ready", "CELERY"),
        pytest.param("on_after_finalize", None, marks=thorough),
        pytest.param("ready", None, marks=thorough),
        pytest.param("on_after_finalize", "CELERY", marks=thorough),
        pytest.param("import_modules", "CELERY", marks=thorough),
        pytest.param("import_modules", None, marks=thorough),
        pytest.param("beat_init", "CELERY", marks=thorough),
        pytest.param("beat_init", None, marks=thorough),
    ],
)
def test_a_schedule_that_the_host_assigns_late_is_neither_hidden_nor_hides_ours(
    late_host, place, namespace
):
    started = late_host(place, namespace).python(START, "product")
    assert started["configuration"] == OWN_ENTRY
    ours = {HEARTBEAT: HEARTBEAT, DELIVER: DELIVER}
    # Celery reads its configuration before it sends beat_init.
    own = {} if place == "beat_init" else {"hosts-own": "product.tidy"}
    assert started["schedule"] == {**ours, **own}


@pytest.mark.thorough
def test_a_program_of_the_hosts_own_may_load_celery_after_django(tmp_path):
    host = Host(tmp_path, {"product/celery.py": CELERY}, CELERY_BEAT_SCHEDULE=OWN_ENTRY)
    assert set(host.django(START, "product")["schedule"]) == {HEARTBEAT, DELIVER, "hosts-own"}


OPINIONS = {
    **OWN_ENTRY,
    DELIVER: {"schedule": 30},
    HEARTBEAT: {"options": {"queue": "other"}},
}


@pytest.fixture(scope="module")
def opinionated(tmp_path_factory):
    """A host that has a schedule, an entry of ours in it, and a queue for our tasks."""
    host = Host(tmp_path_factory.mktemp("opinionated"), AS_DOCUMENTED)
    host.configure(
        METRIC_COLLECTION_QUEUE="slow",
        CELERY_BEAT_SCHEDULE=OPINIONS,
    )
    return host.python(START, "product")


def test_the_dictionary_in_the_hosts_settings_stays_its_own(opinionated):
    assert opinionated["settings"] == OPINIONS


def test_what_the_host_says_about_our_entries_counts(opinionated):
    assert opinionated["seconds"] == {HEARTBEAT: 24 * 3600, DELIVER: 30}


def test_our_tasks_go_to_the_queue_of_the_setting_or_of_the_entry(opinionated):
    assert opinionated["options"][DELIVER]["queue"] == "slow"
    assert opinionated["options"][HEARTBEAT]["queue"] == "other"


@pytest.mark.thorough
def test_nothing_is_scheduled_where_the_app_is_switched_off(tmp_path):
    host = Host(tmp_path, AS_DOCUMENTED, CELERY_BEAT_SCHEDULE=OWN_ENTRY)
    started = host.python(START, "product", METRIC_COLLECTION="False")
    assert list(started["schedule"]) == ["hosts-own"]
