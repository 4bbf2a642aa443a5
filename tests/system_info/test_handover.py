from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest
from celery import Celery, current_app
from django.apps import apps

from metric_collection.management.doctor import workers
from metric_collection.models import Report
from metric_collection.reporting.schedule import DELIVER
from metric_collection.system_info import handover

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)


@pytest.fixture
def app():
    """The host's Celery app, with a broker in memory, running tasks at once if it is asked for one."""
    before = current_app._get_current_object()
    app = Celery("product", broker="memory://", set_as_current=True)
    app.conf.task_always_eager = True
    yield app
    before.set_current()


def messages(app):
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        found = []
        while queue.qsize():
            found.append(queue.get(block=False).headers["task"])
        return found


def queued(**values):
    return Report.objects.create(category="Heartbeat", body="{}", sealed_at=NOON, **values)


@pytest.mark.filterwarnings("ignore::celery.exceptions.AlwaysEagerIgnored")
def test_one_message_is_sent_even_if_the_host_runs_tasks_eagerly(app):
    assert handover.ask_worker()
    assert messages(app) == [DELIVER]


def test_backoff_ends_and_a_wait_that_the_collector_asked_for_does_not(app):
    later = NOON + timedelta(hours=1)
    ours, theirs = queued(wait_until=later), queued(wait_until=later, must_wait=True)
    handover.ask_worker()
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.wait_until, theirs.wait_until) == (None, later)


def test_a_broker_that_refuses_is_reported(app):
    app.conf.broker_url = "redis://127.0.0.1:1/0"
    assert not handover.ask_worker()


def test_a_request_in_another_thread_finds_the_hosts_app(app):
    config = apps.get_app_config("usage_metrics")
    before, config.celery_app = config.celery_app, app
    found = []
    thread = threading.Thread(target=lambda: found.append(handover.celery_app()))
    thread.start()
    thread.join()
    config.celery_app = before
    assert found == [app]


def test_a_broker_that_does_not_answer_is_not_waited_for(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(handover, "PATIENCE", 0.01)
    monkeypatch.setattr(handover, "send_message", lambda app: release.wait())
    assert not handover.ask_worker()
    release.set()


def test_without_celery_no_worker_is_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "celery")
    assert not handover.ask_worker()


class TestAppWithoutAName:
    """The app that Celery makes up for a process whose host has none; it would use a broker on localhost."""

    @pytest.fixture
    def app(self):
        before = current_app._get_current_object()
        yield Celery("default", set_as_current=True)
        before.set_current()

    def test_it_is_not_the_hosts(self, app):
        assert handover.celery_app() is None
        assert workers() is None

    def test_with_a_broker_it_is(self, app):
        app.conf.broker_url = "memory://"
        assert handover.celery_app() is app
