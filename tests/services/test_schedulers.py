"""django-celery-beat, whose schedule is in the database and outlives the process that wrote it."""

from __future__ import annotations

import pytest

from tests.harness.collector import collecting
from tests.harness.host import LOADS_CELERY, Host

DELIVER, HEARTBEAT = "metric_collection.deliver", "metric_collection.heartbeat"
BEAT = ("beat", "-l", "INFO", "-S", "django", "--max-interval", "1", "--pidfile", "")
ENTRIES = """
    SELECT task.name, task.task, task.enabled, interval.every, task.queue
    FROM django_celery_beat_periodictask task
    JOIN django_celery_beat_intervalschedule interval ON interval.id = task.interval_id
    ORDER BY task.name
"""


@pytest.fixture
def host(tmp_path):
    pytest.importorskip(
        "django_celery_beat",
        reason="no django-celery-beat for this Django yet: take an older Django",
    )
    with collecting() as collector:
        host = Host(tmp_path, LOADS_CELERY, METRIC_COLLECTION_COLLECTOR_URL=collector.url)
        apps = [*host.settings["INSTALLED_APPS"], "django_celery_beat"]
        host.configure(INSTALLED_APPS=apps, METRIC_COLLECTION_QUEUE="slow")
        assert host.manage("migrate").returncode == 0
        yield host


def test_the_database_scheduler_has_our_entries_and_runs_them(host):
    host.configure(CELERY_BEAT_SCHEDULE={DELIVER: {"schedule": 1}})
    with host.celery(*BEAT) as beat:
        beat.await_line(f"Sending due task {DELIVER}")
    assert host.sql(ENTRIES) == [
        (DELIVER, DELIVER, True, 1, "slow"),
        (HEARTBEAT, HEARTBEAT, True, 24 * 3600, "slow"),
    ]
