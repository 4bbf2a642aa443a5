from __future__ import annotations

import logging
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from wsgiref.util import setup_testing_defaults

import pytest
from celery import Celery, current_app
from celery.app.trace import build_tracer
from celery.beat import Scheduler, Service
from django.apps import apps
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from metric_collection import measure_event, receivers
from metric_collection.cleaninsights.clock import EPOCH
from metric_collection.measuring.meter import meter
from metric_collection.models import Change, Measurement, Report, Snapshot
from metric_collection.reporting import schedule
from metric_collection.reporting.flushing import Flusher
from tests.campaigns import ALWAYS, daily


@pytest.fixture
def app():
    app = Celery("host", broker="memory://", set_as_current=False)
    yield app
    app.close()


class TestPostMigrate:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_a_migrate_without_migrations_records_the_install_once(self):
        call_command("migrate", verbosity=0)
        call_command("migrate", verbosity=0)
        assert [report.category for report in Report.objects.all()] == ["Install"]

    def test_a_flush_records_nothing(self):
        call_command("flush", interactive=False, verbosity=0)
        assert not Report.objects.exists()

    def test_a_plan_records_nothing(self, capsys):
        call_command("migrate", plan=True)
        assert not Report.objects.exists()

    def send(self, **changed):
        receivers.on_post_migrate(**{"using": "default", "apps": apps, "plan": [], **changed})

    def test_another_database_records_nothing(self):
        self.send(using="other")
        assert not Report.objects.exists()

    def test_a_rollback_records_nothing(self):
        self.send(plan=[("migration", True)])
        assert not Report.objects.exists()

    def test_a_migrate_before_all_our_migrations_are_applied_records_nothing(self, caplog):
        try:
            for target in ("zero", "0002"):
                call_command("migrate", "usage_metrics", target, verbosity=0)
                call_command("migrate", "auth", verbosity=0)
            assert not Report.objects.exists()
        finally:
            call_command("migrate", verbosity=0)
        assert Report.objects.exists()
        assert not caplog.text

    def test_a_missing_table_does_not_fail_migrate(self, caplog):
        with connection.schema_editor() as editor:
            editor.delete_model(Change)
        try:
            call_command("migrate", verbosity=0)
        finally:
            with connection.schema_editor() as editor:
                editor.create_model(Change)
        assert "usage_metrics_change" in caplog.text
        assert not Snapshot.objects.exists()

    def test_a_damaged_row_does_not_fail_migrate(self, caplog):
        Snapshot.objects.create(facts=["no facts"], installed_at=EPOCH, heartbeat_due=EPOCH)
        call_command("migrate", verbosity=0)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "No install or upgrade was recorded" in caplog.text


class TestCelery:
    def test_the_tasks_are_there_when_modules_are_imported(self, app):
        receivers.on_import_modules(app)
        assert {schedule.HEARTBEAT, schedule.DELIVER} <= set(app.tasks)

    @pytest.fixture
    def beat(self, app):
        """Start beat's service up to its first tick, with a schedule of the host; return its entries."""

        def beat(**entries) -> dict:
            app.conf.beat_schedule = entries
            service = Service(app, scheduler_cls=Scheduler)
            _ = service.scheduler  # it exists before the signal
            receivers.on_beat_init(service)
            assert app.conf.beat_schedule == entries
            return service.scheduler.schedule

        return beat

    def test_the_two_entries_are_given_to_the_scheduler(self, beat):
        entries = beat()
        assert entries["metric_collection.heartbeat"].schedule.run_every == timedelta(hours=24)
        assert entries["metric_collection.deliver"].schedule.run_every == timedelta(minutes=10)

    def test_the_hosts_entries_stay_and_its_options_take_precedence(self, beat):
        entries = beat(
            **{
                "nightly": {"task": "x", "schedule": 5},
                "metric_collection.deliver": {"schedule": 60, "options": {"queue": "slow"}},
            }
        )
        assert set(entries) >= {"nightly", "metric_collection.heartbeat"}
        deliver = entries["metric_collection.deliver"]
        assert deliver.task == "metric_collection.deliver"
        assert deliver.schedule.run_every == timedelta(minutes=1)
        assert deliver.options == {"queue": "slow", "expires": 600}

    def test_an_entry_in_the_database_expires_by_the_option_of_its_scheduler(self, app):
        class DatabaseScheduler(Scheduler):
            __module__ = "django_celery_beat.schedulers"

        service = Service(app, scheduler_cls=DatabaseScheduler)
        receivers.on_beat_init(service)
        options = service.scheduler.schedule["metric_collection.deliver"].options
        assert options == {"expire_seconds": 600}

    @pytest.mark.parametrize("variable", ["METRIC_COLLECTION", "DO_NOT_TRACK"])
    def test_switched_off_nothing_is_scheduled_or_sent(self, beat, monkeypatch, variable):
        monkeypatch.setenv(variable, "off")
        assert not [name for name in beat() if name.startswith("metric_collection")]
        receivers.on_worker_ready(None)

    def test_a_worker_that_is_ready_is_asked_to_deliver(self, app):
        class Consumer:
            pass

        Consumer.app = app
        receivers.on_worker_ready(Consumer)
        with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            names = [queue.get(block=False).headers["task"] for _ in range(queue.qsize())]
        assert names == ["metric_collection.deliver"] * 2

    def test_a_queue_that_celery_refuses_is_named_in_one_line(self, app, settings, caplog):
        app.conf.task_create_missing_queues = False
        settings.METRIC_COLLECTION_QUEUE = "metrics"
        receivers.on_worker_ready(SimpleNamespace(app=app))
        (line,) = caplog.records
        assert (line.levelname, line.exc_info) == ("WARNING", None)
        assert "Queue 'metrics' missing from task_queues" in line.message

    def test_celery_started_before_django_gets_the_tasks(self):
        current_app.loader.worker_initialized = True
        apps.get_app_config("usage_metrics").connect_celery()
        assert "metric_collection.deliver" in current_app.tasks


@pytest.fixture
def measuring(settings, tmp_path, monkeypatch):
    """A process that has a campaign, and has not flushed yet; return how often anything was counted."""
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(**ALWAYS)}
    monkeypatch.setattr(receivers, "flusher", Flusher(meter))
    meter.reset()
    yield lambda: sum(Measurement.objects.values_list("times", flat=True))
    meter.reset()


@pytest.mark.django_db(transaction=True)
class TestFlushing:
    def serve(self):
        """Answer a request as a WSGI server does, up to the moment when the body is out."""
        environ = {"wsgi.url_scheme": "http", "wsgi.input": BytesIO()}
        setup_testing_defaults(environ)
        return WSGIHandler()(environ, lambda status, headers: None)

    def test_a_request_is_answered_before_anything_is_counted(self, measuring):
        measure_event("Search", "Run", "use")
        response = self.serve()
        assert b"".join(response)
        assert measuring() == 0
        response.close()
        assert measuring() == 1

    def test_a_database_error_while_flushing_does_not_fail_the_request(self, measuring, caplog):
        def fail(*_):
            raise DatabaseError("the server has gone away")

        measure_event("Search", "Run", "use")
        with connection.execute_wrapper(fail):
            self.serve().close()
        assert "the server has gone away" in caplog.text
        receivers.flusher.flush()
        assert measuring() == 1

    def test_without_campaigns_no_query_is_made(self, measuring, settings):
        settings.METRIC_COLLECTION_CAMPAIGNS = {}
        with CaptureQueriesContext(connection) as asked:
            self.serve().close()
        assert len(asked) == 0

    @pytest.mark.parametrize(("is_eager", "counted"), [(False, 1), (True, 0)])
    def test_a_task_is_flushed_after_it_is_done_unless_it_is_eager(
        self, measuring, app, is_eager, counted
    ):
        seen = []

        @app.task(name="search", shared=False)
        def search():
            measure_event("Search", "Run", "use")
            seen.append(measuring())

        apps.get_app_config("usage_metrics").connect_celery()
        trace = build_tracer(search.name, search, app=app, eager=is_eager)
        trace("id", (), {}, {"is_eager": is_eager})
        assert [*seen, measuring()] == [0, counted]
