"""Ten typical mistakes in a publisher's first hour: each is named with its cause and what to do."""

from __future__ import annotations

import io
import json
import sys

import pytest
from celery import Celery
from django.core.management import CommandError, call_command
from django.core.management.color import no_style
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.consent.choice import choose, choose_group, groups
from metric_collection.management.doctor import Doctor, finding_lines, migrate_command, workers
from metric_collection.models import Consent, Report, Snapshot
from metric_collection.probes import Unknown
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint():
    """A collector that answers as a Clean Insights endpoint does."""
    return RecordingTransport()


@pytest.fixture
def installed(clock):
    """An installation that a worker has just looked at."""
    Collection(clock=clock, random=lambda: 0.5).record()
    Snapshot.objects.update(swept_at=clock())


@pytest.fixture
def examine(clock, endpoint):
    def examine(workers=1, transport=endpoint):
        doctor = Doctor(
            delivery=Delivery(transport=transport, clock=clock),
            workers=lambda: workers,
            clock=clock,
        )
        return list(doctor.examine())

    return examine


@pytest.fixture
def first_problem(examine):
    """The step and the advice of the first finding that is a problem."""

    def first_problem(**options):
        found = next(each for each in examine(**options) if each.is_problem)
        return found.step, f"{found.result} {found.advice}"

    return first_problem


def test_when_everything_is_ready_it_says_so(installed, examine):
    findings = examine()
    assert not any(finding.is_problem for finding in findings)
    text = "\n".join(finding_lines(findings, no_style()))
    assert "ok    collector    127.0.0.1:9 is a Clean Insights endpoint" in text
    assert text.endswith("Everything is ready: reports will be sent.")


def test_it_says_which_facts_are_not_known_here_and_why(settings, installed, examine):
    lost = Unknown("the time zone has no single country")
    settings.METRIC_COLLECTION_FACTS = {"country": lambda: lost}
    (facts,) = [finding for finding in examine() if finding.step == "facts"]
    assert facts.result.endswith("; not known here: country (the time zone has no single country)")
    assert not facts.is_problem


def test_a_fact_that_fails_is_a_problem(settings, installed, first_problem):
    settings.METRIC_COLLECTION_FACTS = {"mode": lambda: 1 / 0}
    step, text = first_problem()
    assert (step, "METRIC_COLLECTION_FACTS['mode']" in text) == ("facts", True)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("METRIC_COLLECTION_SITE_ID", None, "METRIC_COLLECTION_SITE_ID is None"),
        ("METRIC_COLLECTION_TIMEOUT", "10", "METRIC_COLLECTION_TIMEOUT is '10'"),
        ("METRICS_COLLECTION_MODULES", ["acme-*"], "Did you mean METRIC_COLLECTION_MODULES?"),
        ("METRIC_COLLECTION_MODULES", ["acme_app"], "'acme_app', which matches no module"),
        ("METRIC_COLLECTION_PRODUCT", "Product", "METRIC_COLLECTION_PRODUCT is 'Product'"),
    ],
)
def test_a_wrong_setting_is_named(settings, installed, first_problem, name, value, named):
    setattr(settings, name, value)
    step, text = first_problem()
    assert step == "settings"
    assert named in text


def test_a_silenced_check_is_no_problem(settings, installed, examine):
    settings.METRIC_COLLECTION_MODULES = ["plug-ins-*"]
    settings.SILENCED_SYSTEM_CHECKS = ["usage_metrics.W001"]
    assert not any(finding.is_problem for finding in examine())


def test_debug_is_named(settings, installed, first_problem):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    settings.DEBUG = True
    step, text = first_problem()
    assert step == "environment"
    assert "DEBUG = False" in text


def test_an_environment_variable_that_switches_off_is_named(monkeypatch, installed, examine):
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    problem = next(each for each in examine() if each.is_problem)
    assert (problem.step, "METRIC_COLLECTION=False" in problem.result) == ("environment", True)
    assert [each.is_skipped for each in examine() if each.step == "collector"] == [True]


def test_a_clock_that_was_never_set_is_named(installed, first_problem, clock):
    clock.set("1970-01-01")
    step, text = first_problem()
    assert step == "clock"
    assert "Set the clock" in text


def test_missing_migrations_are_named_and_later_steps_skipped(examine):
    graph = MigrationLoader(connection).graph
    ((_label, last),) = graph.leaf_nodes("usage_metrics")
    MigrationRecorder(connection).record_unapplied("usage_metrics", last)
    *_, migrations = (each for each in examine() if not each.is_skipped)
    assert migrations.step == "migrations"
    assert migrations.result == f"not applied: {last}"
    assert migrations.advice == "Run manage.py migrate."


def test_a_database_that_does_not_answer_is_named_and_later_steps_skipped(examine):
    def fail(execute, sql, *arguments):
        if "SAVEPOINT" in sql:  # only this test has a transaction open
            return execute(sql, *arguments)
        raise OperationalError("connection refused\n\tIs the server running?")

    with connection.execute_wrapper(fail):
        *_, migrations = (each for each in examine() if not each.is_skipped)
    assert migrations.result == "the database failed: connection refused Is the server running?"
    assert migrations.advice.startswith("Check that the database runs")


def test_a_database_that_is_locked_is_no_reason_to_migrate():
    def fail(*_):
        raise OperationalError("database is locked")

    with connection.execute_wrapper(fail), pytest.raises(CommandError) as caught:
        call_command("metric_collection", "status")
    assert str(caught.value) == "The database failed: database is locked."


def test_missing_tables_are_a_reason_to_migrate():
    graph = MigrationLoader(connection).graph
    ((_label, last),) = graph.leaf_nodes("usage_metrics")
    MigrationRecorder(connection).record_unapplied("usage_metrics", last)

    def fail(execute, sql, *arguments):
        if "usage_metrics_consent" in sql:
            raise OperationalError("no such table: usage_metrics_consent")
        return execute(sql, *arguments)

    with connection.execute_wrapper(fail), pytest.raises(CommandError) as caught:
        call_command("metric_collection", "status")
    assert str(caught.value).endswith("usage_metrics_consent. Run manage.py migrate.")


@pytest.mark.parametrize(
    ("alias", "command"),
    [("default", "manage.py migrate"), ("metrics", "manage.py migrate --database metrics")],
)
def test_the_advice_names_the_database_with_the_tables(alias, command):
    assert migrate_command(alias) == command


def test_a_trial_in_development_is_not_called_production(settings, installed, examine):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = True
    (environment,) = [each for each in examine() if each.step == "environment"]
    assert environment.result.startswith("reports are sent even from development")


@pytest.mark.parametrize(
    ("mode", "choice", "advice"),
    [
        ("opt-in", None, "metric_collection consent"),
        ("notice", None, "open the admin"),
        ("opt-out", Consent.Choice.DENIED, "metric_collection opt-in"),
    ],
)
def test_missing_consent_is_named(settings, installed, first_problem, clock, mode, choice, advice):
    settings.METRIC_COLLECTION_CONSENT = mode
    if choice:
        choose(choice, now=clock())
    step, text = first_problem()
    assert step == "consent"
    assert advice in text


@pytest.mark.parametrize("mode", ["opt-in", "notice"])
def test_before_consent_the_collector_is_not_contacted(
    settings, installed, examine, endpoint, mode
):
    settings.METRIC_COLLECTION_CONSENT = mode
    (collector,) = [each for each in examine() if each.step == "collector"]
    assert collector.result == "not contacted while metrics are off"
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("workers", "advice"),
    [(None, "heartbeat -v 0"), (0, "Start a worker"), (2, "Start Celery beat")],
)
def test_a_missing_process_is_named(first_problem, workers, advice):
    step, text = first_problem(workers=workers)
    assert step == "schedule"
    assert advice in text


class TestWorkers:
    @pytest.fixture
    def app(self):
        app = Celery("product", broker="memory://", set_as_current=False)
        app.conf.broker_connection_retry = False
        app.set_current()
        yield app
        app.close()

    def test_without_celery_there_are_none_to_ask(self, monkeypatch):
        monkeypatch.delitem(sys.modules, "celery")
        assert workers() is None

    def test_those_that_answer_are_counted(self, app):
        assert workers(timeout=0.01) == 0

    def test_a_broker_that_cannot_be_used_is_no_answer(self, app):
        app.conf.broker_url = "nonsense://"
        assert workers(timeout=0.01) == 0


def test_a_schedule_that_has_stopped_is_named(installed, first_problem, clock):
    clock.advance(days=3)
    step, text = first_problem(workers=0)
    assert step == "schedule"
    assert "No delivery has been attempted since" in text


def test_a_missing_collector_is_named(settings, installed, examine):
    settings.METRIC_COLLECTION_COLLECTOR_URL = None
    (found,) = (each for each in examine() if each.step == "collector")
    assert found.advice == "Set METRIC_COLLECTION_COLLECTOR_URL."


def test_a_collector_that_cannot_be_reached_is_named(installed, first_problem):
    unreachable = RecordingTransport()
    unreachable.fail()
    step, text = first_problem(transport=unreachable)
    assert step == "collector"
    assert "can reach 127.0.0.1:9, and HTTPS_PROXY" in text


def test_a_server_that_is_no_collector_is_named(installed, first_problem):
    elsewhere = RecordingTransport()
    elsewhere.answer(404)
    step, text = first_problem(transport=elsewhere)
    assert step == "collector"
    assert "answered 404 Check the path of METRIC_COLLECTION_COLLECTOR_URL." in text


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (403, "Check METRIC_COLLECTION_SITE_ID"),
        (401, "Check the user and password in METRIC_COLLECTION_COLLECTOR_URL."),
        (413, "Let the collector, or the proxy in front of it, accept larger requests."),
    ],
)
def test_a_refused_report_is_named_with_advice(installed, first_problem, clock, status, advice):
    Report.objects.get().settle(
        Report.State.GIVEN_UP, outcome=Report.Outcome.REFUSED, status=status, now=clock()
    )
    step, text = first_problem()
    assert step == "collector"
    assert advice in text


def test_categories_that_leave_no_report_are_named(settings, installed, first_problem):
    settings.METRIC_COLLECTION_CATEGORIES = ["Install"]
    step, text = first_problem()
    assert step == "next report"
    assert "Add 'Heartbeat'" in text


def test_groups_that_are_all_declined_are_no_problem(installed, examine):
    for group in groups():
        choose_group(group, Consent.Choice.DENIED)
    findings = examine()
    assert not any(finding.is_problem for finding in findings)
    text = "\n".join(finding_lines(findings, no_style()))
    assert "skip  next report  none: all groups of facts are declined" in text
    assert text.endswith("There is nothing to do.")


def test_a_report_without_facts_is_named(settings, installed, first_problem):
    settings.METRIC_COLLECTION_SELECTION = []
    step, text = first_problem()
    assert step == "next report"
    assert "there is no fact to send" in text
    assert "manage.py metric_collection dictionary" in text


def test_the_command_names_the_next_step_and_exits_with_1(monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("metric_collection", "doctor", stdout=out)
    assert ended.value.code == 1
    assert "FAIL  environment  Off, because DO_NOT_TRACK=1" in out.getvalue()
    assert "\nNext: Whoever runs this installation wants no metrics." in out.getvalue()


def test_as_json(monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("metric_collection", "doctor", "--json", stdout=out)
    steps = [finding["step"] for finding in json.loads(out.getvalue())]
    assert steps == [
        "settings",
        "environment",
        "clock",
        "migrations",
        "consent",
        "schedule",
        "collector",
        "facts",
        "next report",
    ]
