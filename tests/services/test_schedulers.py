"""Real beat processes with each scheduler: the host's entries and ours are due."""

from __future__ import annotations

import uuid

import pytest

from tests.harness import brokers
from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host

DELIVER, HEARTBEAT = "metric_collection.deliver", "metric_collection.heartbeat"
BEAT = ("beat", "-l", "INFO", "--max-interval", "1", "--pidfile", "")
ENTRIES = """
    SELECT task.name, task.task, task.enabled, interval.every, task.queue, task.expire_seconds
    FROM django_celery_beat_periodictask task
    JOIN django_celery_beat_intervalschedule interval ON interval.id = task.interval_id
    ORDER BY task.name
"""
# Assigned when every app is ready: what is hidden then stays hidden.
ASSIGNS_LATE = {
    **LOADS_CELERY,
    "late/__init__.py": "",
    "late/apps.py": f"""
        from django.apps import AppConfig
        class Config(AppConfig):
            name = "late"
            def ready(self):
                from product.celery import app
                app.conf.beat_schedule = {{
                    "hosts-own": {{"task": "product.tidy", "schedule": 1}},
                    "{DELIVER}": {{"schedule": 1}},
                }}
    """,
}


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def host(tmp_path, collector):
    """A host whose schedule has an entry of its own and makes ours frequent."""
    host = Host(tmp_path, ASSIGNS_LATE, METRIC_COLLECTION_COLLECTOR_URL=collector.url)
    host.configure(INSTALLED_APPS=[*host.settings["INSTALLED_APPS"], "late"])
    return host


def await_both(beat):
    beat.await_line("Sending due task hosts-own")
    beat.await_line(f"Sending due task {DELIVER}")


@pytest.mark.parametrize(
    "scheduler",
    [
        "celery.beat:PersistentScheduler",
        pytest.param("celery.beat:Scheduler", marks=pytest.mark.thorough),
    ],
)
def test_beat_runs_the_hosts_entries_and_ours(host, scheduler):
    with host.celery(*BEAT, "-S", scheduler) as beat:
        await_both(beat)


@pytest.mark.thorough
def test_a_persistent_schedule_survives_a_restart(host):
    for _start in range(2):
        with host.celery(*BEAT) as beat:
            await_both(beat)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "pool", ["solo", "prefork"]
)  # beat in a process of its own, or in a thread
def test_a_worker_with_an_embedded_beat_runs_both(host, collector, pool):
    assert host.manage("migrate").returncode == 0
    with host.celery("worker", "-l", "INFO", "-P", pool, "-B", "-c", "1") as worker:
        await_both(worker)
        collector.await_arrivals(1)


@pytest.fixture
def database_host(host):
    pytest.importorskip(
        "django_celery_beat",
        reason="no django-celery-beat for this Django yet: take an older Django",
    )
    apps = [*host.settings["INSTALLED_APPS"], "django_celery_beat"]
    host.configure(INSTALLED_APPS=apps, METRIC_COLLECTION_QUEUE="slow")
    assert host.manage("migrate").returncode == 0
    return host


@pytest.mark.thorough
def test_the_database_scheduler_has_our_entries_and_runs_them(database_host):
    with database_host.celery(*BEAT, "-S", "django") as beat:
        await_both(beat)
    ours = [entry for entry in database_host.sql(ENTRIES) if entry[0].startswith("metric_")]
    assert ours == [
        (DELIVER, DELIVER, True, 1, "slow", 600),
        (HEARTBEAT, HEARTBEAT, True, 24 * 3600, "slow", 600),
    ]


@pytest.mark.thorough
def test_redbeat_has_our_entries_and_runs_them(host):
    pytest.importorskip("redbeat", reason='needs the extra "services"')
    url = brokers.url_of("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
    prefix = f"metric_collection_{uuid.uuid4().hex}:"
    server = pytest.importorskip("redis", reason='needs the extra "services"').from_url(url)
    host.configure(CELERY_REDBEAT_REDIS_URL=url, CELERY_REDBEAT_KEY_PREFIX=prefix)
    try:
        with host.celery(*BEAT, "-S", "redbeat.RedBeatScheduler") as beat:
            await_both(beat)
        assert server.exists(f"{prefix}{HEARTBEAT}")
    finally:
        server.delete(*server.scan_iter(f"{prefix}*"), prefix)
        server.close()
