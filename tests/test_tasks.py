from __future__ import annotations

from datetime import timedelta

import pytest
from celery import Celery, current_app
from django.db import OperationalError, connection

from metric_collection import tasks
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.models import Measurement, Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.tasks import deliver, heartbeat
from tests.campaigns import ALWAYS, daily

pytestmark = pytest.mark.django_db
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


@pytest.fixture(autouse=True)
def app():
    """The Celery app of this process, with a broker in memory."""
    before = current_app._get_current_object()
    app = Celery("host", broker="memory://")
    yield app
    app.close()
    before.set_current()


@pytest.fixture
def messages(app):
    """Take the headers of all messages that wait in a queue."""

    def taken(queue: str = "celery") -> list[dict]:
        with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
            messages = [waiting.get(block=False) for _ in range(waiting.qsize())]
            for message in messages:
                message.ack()
        return [message.headers for message in messages]

    yield taken
    taken()


@pytest.fixture
def due_soon():
    """An installation with nothing to deliver, and its heartbeat due in five minutes."""
    Collection(random=lambda: 0.5).record()
    Report.objects.all().delete()
    Snapshot.objects.update(heartbeat_due=utc_now() + timedelta(minutes=5))


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_either_task_records_what_is_due_and_tries_to_deliver_it(task, messages):
    task.apply(throw=True)
    report = Report.objects.get()
    assert (report.category, report.attempts, report.state) == ("Install", 1, Report.State.QUEUED)


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_either_task_seals_what_was_counted_in_a_period_that_is_over(task, settings, messages):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(**ALWAYS)}
    Collection().record()
    start = utc_now() - timedelta(days=2)
    period = {"campaign_id": "use", "period_start": start, "period_end": start + timedelta(days=1)}
    Measurement.of(Event(category="Search", action="Run", **period)).save()
    task.apply(throw=True)
    assert [report.campaign_id for report in Report.objects.order_by("id")] == ["", "use"]


def test_a_queue_that_celery_refuses_does_not_fail_the_task(app, settings):
    app.conf.task_create_missing_queues = False
    settings.METRIC_COLLECTION_QUEUE = "metrics"
    tasks.schedule_heartbeat(60)


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_a_database_error_aborts_a_sweep_with_one_log_line(task, caplog):
    def fail(*_):
        raise OperationalError("the disk is full")

    with connection.execute_wrapper(fail):
        task.apply(throw=True)
    (line,) = caplog.records
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert "the disk is full" in line.message


@pytest.mark.parametrize("task", [heartbeat, deliver])
def test_a_message_with_arguments_does_nothing(task):
    with pytest.raises(TypeError):
        task.apply(args=("x",), throw=True)
    assert not Report.objects.exists()


class TestDueSoon:
    def test_a_heartbeat_due_before_the_next_sweep_is_scheduled(self, due_soon, messages):
        deliver.apply(throw=True)
        (message,) = messages()
        assert message["task"] == "metric_collection.heartbeat"
        assert utc_now().isoformat() < message["eta"] < message["expires"]

    def test_the_scheduled_heartbeat_schedules_no_other(self, due_soon, messages):
        heartbeat.apply(throw=True)
        assert messages() == []

    def test_nothing_is_scheduled_if_nothing_is_due_soon(self, due_soon, messages):
        Snapshot.objects.update(heartbeat_due=utc_now() + timedelta(hours=5))
        deliver.apply(throw=True)
        assert messages() == []

    def test_it_goes_to_the_queue_of_the_settings(self, due_soon, messages, settings):
        settings.METRIC_COLLECTION_QUEUE = "telemetry"
        deliver.apply(throw=True)
        assert (len(messages()), len(messages("telemetry"))) == (0, 1)

    def test_without_a_broker_only_punctuality_is_lost(self, due_soon, app, caplog):
        app.conf.update(broker_url="amqp://127.0.0.1:9//", broker_transport_options=AT_ONCE)
        with caplog.at_level("DEBUG", logger=tasks.logger.name):
            deliver.apply(throw=True)
        assert "Could not schedule the next heartbeat" in caplog.text
