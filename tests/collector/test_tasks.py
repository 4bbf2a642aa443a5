from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery, current_app
from django.apps import apps
from django.db import DatabaseError, InterfaceError, connection

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import health, tasks, work
from metric_collection.collector.counting import rollup
from metric_collection.collector.counting.failures import Failures
from metric_collection.collector.models import Period, Span, Work
from metric_collection.collector.receivers import on_beat_init, on_import_modules
from tests.collector.reports import NOON, report
from tests.collector.services.conftest import APPS
from tests.harness.host import LOADS_CELERY, Host

YEARS_LATER = NOON.replace(year=2036)


class Beat:
    """A beat service, and the entries that its scheduler was given."""

    def __init__(self, **settings):
        self.app = Celery("product", set_as_current=False)
        self.app.conf.update(settings)
        self.scheduler = self
        self.entries = {}

    def update_from_dict(self, entries):
        self.entries.update(entries)


def test_the_entry_is_given_to_the_scheduler_and_nothing_is_written(settings):
    settings.METRIC_COLLECTOR_QUEUE = "metrics"
    on_beat_init(beat := Beat())
    assert set(beat.entries) == {"collector.work", "collector.forward", "collector.self_check"}
    assert beat.entries["collector.work"] == {
        "task": "collector.work",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60, "queue": "metrics"},
    }
    assert beat.entries["collector.self_check"]["options"]["expires"] == 3600
    assert beat.app.conf.beat_schedule == {}


def test_the_hosts_own_schedule_takes_precedence():
    on_beat_init(beat := Beat(beat_schedule={"collector.work": {"schedule": 5}}))
    assert beat.entries["collector.work"]["schedule"] == 5


def test_the_task_is_imported_into_a_worker():
    app = Celery("product", set_as_current=False)
    on_import_modules(app)
    app.finalize()
    assert "collector.work" in app.tasks


def test_celery_started_before_django_gets_the_tasks(monkeypatch):
    monkeypatch.setattr(current_app.loader, "worker_initialized", True)
    monkeypatch.setattr(current_app.loader, "task_modules", modules := set())
    apps.get_app_config("usage_metrics_collector").connect_celery()
    assert "metric_collection.collector.tasks" in modules


@pytest.mark.django_db
def test_the_task_counts_reports(put):
    put(report())
    tasks.work()
    assert Period.objects.exists()
    assert not Work.objects.filter(name__in=["self-check", "forward"]).exists(), (
        "tasks of their own"
    )


@pytest.mark.django_db
def test_self_check_and_forwarding_are_tasks_of_their_own():
    tasks.self_check()
    tasks.forward()
    assert set(Work.objects.values_list("name", "outcome")) == {
        ("self-check", "done"),
        ("forward", "done"),
    }


@pytest.mark.django_db
class TestWork:
    def test_a_daily_job_runs_once_a_day(self):
        job = work.Job(name="daily", run=lambda now: 1)
        now = utc_now()
        assert work.run_due(now, (job,)) == {"daily": 1}
        assert work.run_due(now, (job,)) == {}
        assert work.run_due(now + timedelta(days=1), (job,)) == {"daily": 1}

    @pytest.mark.parametrize("every", [None, work.HOURLY])
    def test_a_clock_that_was_years_ahead_stops_no_job(self, every):
        job = work.Job(name="job", run=lambda now: 1, every=every)
        Work.objects.create(name="job", began_at=YEARS_LATER, ended_at=YEARS_LATER, outcome="done")
        assert work.run_due(NOON, (job,)) == {"job": 1}

    def test_a_run_that_was_killed_under_a_clock_that_was_years_ahead_is_taken_over(self):
        job = work.Job(name="job", run=lambda now: 1, every=work.ALWAYS)
        Work.objects.create(name="job", began_at=YEARS_LATER, outcome="running")
        assert work.run_due(NOON, (job,)) == {"job": 1}

    def test_another_runner_skips_a_job_that_runs(self):
        seen = []
        job = work.Job(
            name="job",
            run=lambda now: seen.append(work.run_due(now, (job,))) or 1,
            every=work.ALWAYS,
        )
        assert work.run_due(NOON, (job,)) == {"job": 1}
        assert seen == [{}]

    def test_a_run_that_was_killed_is_taken_over(self):
        job = work.Job(name="job", run=lambda now: 1, every=work.ALWAYS)
        Work.objects.create(name="job", began_at=NOON, outcome="running")
        assert work.run_due(NOON + timedelta(minutes=1), (job,)) == {}
        assert work.run_due(NOON + timedelta(minutes=3), (job,)) == {"job": 1}

    def test_a_runner_that_seems_busy_does_not_keep_the_command_from_counting(self, put):
        put(report())
        now = utc_now()
        Work.objects.create(name="roll-up", began_at=now, outcome="running")
        assert work.run_due(now, at_once=True)["roll-up"] == 1

    def test_a_run_that_was_stopped_is_continued_at_once(self):
        def stop(now):
            raise SystemExit

        with pytest.raises(SystemExit):
            work.run_due(NOON, (work.Job(name="job", run=stop),))
        assert work.run_due(NOON, (work.Job(name="job", run=lambda now: 1),)) == {"job": 1}

    def test_a_defect_in_a_job_is_logged_by_its_class_and_the_others_run(self, caplog):
        jobs = (
            work.Job(name="bad", run=lambda now: 1 // 0),
            work.Job(name="good", run=lambda now: 7),
        )
        assert work.run_due(NOON, jobs) == {"good": 7}
        assert "bad failed and will be retried: ZeroDivisionError" in caplog.text

    def test_a_job_that_fails_is_noted_and_retried_and_the_others_run(self, caplog):
        def fail(now):
            raise DatabaseError("secret")

        jobs = work.Job(name="bad", run=fail), work.Job(name="good", run=lambda now: 7)
        assert work.run_due(NOON, jobs) == {"good": 7}
        bad = Work.objects.get(name="bad")
        assert (bad.outcome, bad.detail, bad.ended_at) == ("failed", "DatabaseError", None)
        assert "secret" not in caplog.text
        again = work.Job(name="bad", run=lambda now: 2)
        assert work.run_due(NOON + timedelta(minutes=1), (again,)) == {"bad": 2}

    def test_a_job_that_keeps_failing_is_one_error_and_its_end_one_info(self, caplog):
        caplog.set_level(logging.INFO, "metric_collection.collector")
        bad = work.Job(name="bad", run=lambda now: 1 // 0)
        for minute in range(3):
            work.run_due(NOON + timedelta(minutes=minute), (bad,))
        good = work.Job(name="bad", run=lambda now: 1)
        work.run_due(NOON + timedelta(minutes=3), (good,))
        assert caplog.messages == [
            "bad failed and will be retried: ZeroDivisionError",
            "bad works again.",
        ]

    def test_a_job_that_fails_for_some_sites_names_them(self, caplog):
        def fail(now):
            failures = Failures()
            for site_id in (5, 6):
                with failures.of(site_id):
                    1 // (site_id - 5)
            failures.raise_if_any()

        assert work.run_due(NOON, (work.Job(name="job", run=fail),)) == {}
        assert caplog.messages == ["job failed and will be retried: site 5 (ZeroDivisionError)"]
        assert Work.objects.get().detail == "site 5 (ZeroDivisionError)"

    def test_it_runs_every_minute(self, put):
        slept = []
        runs = work.run_forever(sleep=slept.append, clock=lambda: NOON)
        put(report())
        assert next(runs)["roll-up"] == 1
        assert next(runs)["roll-up"] == 2, "the self-check's"
        assert slept == [60.0]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [DatabaseError, InterfaceError])
def test_a_database_that_is_away_costs_nothing_but_time_and_is_one_warning(caplog, error):
    def fail(*_):
        raise error("secret")

    with connection.execute_wrapper(fail):
        assert work.run_due(NOON) == {}
    assert caplog.messages == [f"No job can use the database, will retry: {error.__name__}"]
    assert work.run_due(NOON)["roll-up"] == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [DatabaseError, InterfaceError])
def test_a_database_that_goes_away_during_a_job_ends_no_worker(caplog, error):
    def fail(*_):
        raise error("secret")

    def lose(now):
        gone.enter_context(connection.execute_wrapper(fail))
        Work.objects.count()

    with ExitStack() as gone:
        assert work.run_due(NOON, (work.Job(name="job", run=lose),)) == {}
    assert caplog.messages == [f"job failed and will be retried: {error.__name__}"]
    again = work.Job(name="job", run=lambda now: 1)
    assert work.run_due(NOON + timedelta(minutes=3), (again,)) == {"job": 1}


@pytest.mark.django_db
def test_a_backlog_is_counted_in_batches_until_the_time_is_up(put, monkeypatch):
    monkeypatch.setattr(rollup, "MOST", {"sqlite": 2})
    for _ in range(6):
        put(report())
    ticks = iter([0, 1, 2, 99, 99])
    assert rollup.roll_up(lambda: NOON, seconds=50, timer=lambda: next(ticks)) == 4
    monkeypatch.setattr(rollup, "MOST_BYTES", 10)
    assert rollup.roll_up(lambda: NOON) == 2


@pytest.mark.django_db
def test_no_period_settles_before_the_reports_of_earlier_days_are_counted(put):
    now = utc_now()
    then = now - timedelta(days=5)
    for number in range(20):
        put(report(at=then), at=then)
        if number == 11:
            rollup.roll_up(lambda: then)
    Work.objects.create(name="roll-up", began_at=now, outcome="running")
    assert work.run_due(now, work.COUNTING).keys() == {"forget", "publish"}
    assert Period.objects.get(span=Span.DAY).state == Period.State.OPEN
    Work.objects.filter(name="roll-up").update(outcome="stopped")
    assert work.run_due(now, work.COUNTING).keys() == {"roll-up", "settle", "publish"}
    day = Period.objects.get(span=Span.DAY)
    assert (day.state, day.installations) == (Period.State.SETTLED, 20)


@pytest.mark.django_db
def test_a_report_of_today_keeps_no_period_from_settling(put):
    put(report())
    rollup.roll_up(lambda: NOON)
    now = NOON + timedelta(days=5)
    put(report(at=now), at=now)
    Work.objects.create(name="roll-up", began_at=now, outcome="running")
    assert work.run_due(now, work.COUNTING)["settle"] == 1


@pytest.mark.django_db
def test_a_site_that_becomes_public_is_published_a_minute_later_and_is_no_problem(put, site):
    now = utc_now()
    then = now - timedelta(days=7)
    for _ in range(10):
        put(report(at=then, first="day"), at=then)
    rollup.roll_up(lambda: then)
    work.run_due(now, work.COUNTING)
    site.is_public = True
    site.save()
    later = now + timedelta(minutes=1)
    assert work.run_due(later, work.COUNTING)["publish"] > 0
    assert health.check(later).is_well


@pytest.mark.thorough
def test_a_worker_with_a_beat_counts_reports(tmp_path):
    schedule = {"collector.work": {"schedule": 1}}
    host = Host(tmp_path, LOADS_CELERY, INSTALLED_APPS=APPS, CELERY_BEAT_SCHEDULE=schedule)
    host.environ["PYTHONPATH"] = str(Path(__file__).parents[2])  # the script imports from tests
    assert host.manage("migrate").returncode == 0
    put = """
        from metric_collection.cleaninsights.clock import utc_now
        from metric_collection.collector.door import inbox
        from metric_collection.collector.models import Site
        from tests.collector.reports import report
        Site.objects.create(id=5, name="Acme", slug="acme")
        now = utc_now()
        inbox.put(site_id=5, key=None, body=report(at=now), source="door", now=now)
    """
    host.django(put)
    beat = ("-B", "-s", str(tmp_path / "schedule"))
    with host.celery("worker", "-l", "INFO", "--concurrency", "1", *beat) as worker:
        worker.await_line(r"collector\.work\[.*succeeded")
        end = time.monotonic() + 20
        counted = "SELECT heartbeats FROM usage_metrics_collector_period WHERE span = 'D'"
        while host.sql(counted) != [(1,)]:
            assert time.monotonic() < end, worker.log
            time.sleep(0.2)
