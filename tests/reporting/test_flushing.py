from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext, override_settings

from metric_collection.consent import campaigns as windows
from metric_collection.consent.choice import choose, disclose
from metric_collection.measuring.folder import MEMORY
from metric_collection.measuring.meter import Meter, meter
from metric_collection.models import CampaignConsent, Consent, CountedJournal, Measurement
from metric_collection.models.transactions import ConsentHeldError, held
from metric_collection.reporting import flushing
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.flushing import Flusher, first_terms, state_folder
from tests.campaigns import daily

pytestmark = pytest.mark.django_db(transaction=True)
GRANTED, DENIED = Consent.Choice.GRANTED, Consent.Choice.DENIED


@pytest.fixture(autouse=True)
def product(settings, tmp_path):
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {
        "search": daily(),
        "mean": daily(title="Mean", eventAggregationRule="avg"),
        "once": daily(title="Once", onlyRecordOnce=True),
    }
    return settings


def choose_again(*, now):
    choose(GRANTED, now=now)


class Process:
    """A meter and its flusher, as each process of a host has them."""

    def __init__(self, clock) -> None:
        self.now = 0.0
        self.meter = Meter(first_terms, lambda: clock().timestamp())
        self.flusher = Flusher(self.meter, clock, lambda: self.now)

    def count(self, times=1, action="Open", campaign_id="search", **given):
        for _ in range(times):
            self.meter.measure_event("Search", action, campaign_id, **given)

    def flush(self):
        self.flusher.flush()

    def end(self):
        """End as a process does that is killed: the kernel takes back the locks on its journals."""
        self.meter.reset()
        self.flusher._enter_process()


@pytest.fixture
def start(clock):
    processes = []

    def start() -> Process:
        processes.append(Process(clock))
        return processes[-1]

    yield start
    for process in processes:
        process.end()


@pytest.fixture
def process(start):
    return start()


def measured():
    return {
        row.point.identity[1:]: (row.times, row.value) for row in Measurement.objects.order_by("id")
    }


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def refuse(*_, **__):
    raise PermissionError("read-only folder")


def files():
    return list(state_folder().path.glob("*"))


class TestCounting:
    def test_measurements_are_added_up_in_the_database(self, process):
        for _ in range(2):
            process.count(3)
            process.count(2, "Time", value=0.25)
            process.flush()
        assert measured() == {("Open", None): (6, None), ("Time", None): (4, 1.0)}
        assert files() == []

    def test_a_mean_is_over_all_times(self, process):
        for values in ([1, 2], [6]):
            for value in values:
                process.count(action="Time", campaign_id="mean", value=value)
            process.flush()
        assert measured() == {("Time", None): (3, 3.0)}

    def test_the_first_value_is_kept_with_only_record_once(self, process):
        for value in (4, 5):
            process.count(3, "Open", "once", value=value)
            process.flush()
        assert measured() == {("Open", None): (1, 4.0)}

    def test_the_journal_of_a_killed_process_is_counted_once(self, start):
        killed, other, third = start(), start(), start()
        killed.count(1000)
        killed.end()
        other.flush()
        third.flush()
        assert measured() == {("Open", None): (1000, None)}

    def test_the_journal_of_a_running_process_is_not_taken(self, start):
        living, other = start(), start()
        living.count()
        other.flush()
        assert measured() == {}
        living.flush()
        assert measured() == {("Open", None): (1, None)}

    def test_the_period_is_that_of_the_call_and_not_of_the_flush(self, process, clock):
        process.count()
        period = clock().replace(hour=0, minute=0, second=0)
        clock.advance(days=3)
        process.flush()
        assert Measurement.objects.get().period_start == period

    def test_an_old_journal_is_counted_whenever_it_is_found(self, start, clock):
        killed = start()
        killed.count(1000)
        killed.end()
        clock.advance(days=8)
        start().flush()
        assert measured() == {("Open", None): (1000, None)}

    def test_memory_is_flushed_if_the_folder_is_unusable(self, product, tmp_path, process):
        product.METRIC_COLLECTION_STATE_FOLDER = tmp_path / "no" / "folder"
        process.count(5)
        process.flush()
        assert measured() == {("Open", None): (5, None)}


class TestFailure:
    @contextmanager
    def down(self, *, when="BEGIN", error=None):
        def fail(execute, sql, *rest):
            if sql.startswith(when):
                raise error or DatabaseError("the server has gone away")
            return execute(sql, *rest)

        with connection.execute_wrapper(fail):
            yield

    @pytest.mark.parametrize(
        "when", ["UPDATE", 'INSERT INTO "usage_metrics_measurement"', "SELECT"]
    )
    def test_counts_survive_a_failing_database(self, process, when):
        process.count(3)
        with self.down(when=when):
            process.flush()
            process.count(2)
            process.flush()
        process.flush()
        assert measured() == {("Open", None): (5, None)}
        assert files() == []

    def test_the_time_limit_of_a_task_ends_it_and_the_counts_survive(self, process):
        process.count(3)
        limit = SoftTimeLimitExceeded()
        with self.down(when="UPDATE", error=limit), pytest.raises(SoftTimeLimitExceeded):
            process.flush()
        process.count(2)
        process.flush()
        assert measured() == {("Open", None): (5, None)}

    def test_a_failure_is_logged_once(self, process, caplog):
        caplog.set_level(logging.INFO)
        process.count()
        with self.down(when="UPDATE"):
            process.flush()
            process.flush()
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert "the server has gone away" in record.message

    def test_counts_survive_a_failed_flush_and_the_end_of_the_process(self, start):
        process = start()
        process.count(3)
        with self.down(when='INSERT INTO "usage_metrics_measurement"'):
            process.flush()
        process.end()
        start().flush()
        assert measured() == {("Open", None): (3, None)}

    def test_a_kill_between_commit_and_removal_counts_nothing_twice(self, start):
        class Dying(Flusher):
            def _finish(self, journals):
                raise SystemExit

        process = start()
        process.flusher = Dying(process.meter, process.flusher._clock)
        process.count(3)
        with pytest.raises(SystemExit):
            process.flush()
        process.end()
        assert len(files()) == 1
        start().flush()
        assert measured() == {("Open", None): (3, None)}
        assert files() == []

    def test_a_counted_journal_that_cannot_be_removed_is_never_counted_again(
        self, start, monkeypatch
    ):
        process = start()
        process.count(3)
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", refuse)
            process.flush()
            for other in [start(), start(), process] * 2:
                other.flush()
        assert measured() == {("Open", None): (3, None)}
        assert len(files()) == 1
        start().flush()
        assert files() == []

    def test_journals_that_cannot_be_removed_do_not_block_others(self, start, monkeypatch):
        monkeypatch.setattr(flushing, "MOST_TAKEN", 1)
        for _ in range(3):
            killed = start()
            killed.count()
            killed.end()
        other = start()
        monkeypatch.setattr(os, "unlink", refuse)
        for _ in range(4):
            other.flush()
        assert measured() == {("Open", None): (3, None)}

    def test_keys_are_forgotten_once_their_files_are_gone(self, start):
        for _ in range(3):
            process = start()
            process.count()
            process.flush()
            process.end()
        assert CountedJournal.objects.count() == 0

    def test_a_long_outage_keeps_neither_descriptors_nor_memory(self, start):
        for _ in range(20):
            killed = start()
            killed.count()
            killed.end()
        process = start()
        before = descriptors()
        with self.down(when='INSERT INTO "usage_metrics_measurement"'):
            for _ in range(10):
                process.count()
                process.flush()
        assert descriptors() <= before + 6  # three journals of its own
        process.flush()
        process.flush()
        assert measured() == {("Open", None): (30, None)}

    def test_a_rolled_back_transaction_of_the_caller_loses_no_count(self, start):
        process = start()
        process.count(3)
        with transaction.atomic():
            process.flush()
            transaction.set_rollback(True)
        process.flush()
        assert measured() == {("Open", None): (3, None)}


class TestConsent:
    def test_a_window_opens_when_a_campaign_is_first_seen(self, process):
        process.flush()
        assert CampaignConsent.objects.count() == 3

    @pytest.mark.parametrize("of", ["everything", "one campaign"])
    def test_a_yes_in_opt_out_mode_keeps_what_was_counted_before(self, process, clock, of):
        process.count(3)
        clock.advance(1)
        if of == "everything":
            choose(GRANTED, now=clock())
        else:
            windows.decide("search", GRANTED, now=clock())
        process.flush()
        assert measured() == {("Open", None): (3, None)}

    @pytest.mark.parametrize("mode", ["opt-in", "notice"])
    def test_a_repeated_yes_keeps_what_was_counted_since_the_first(
        self, product, process, clock, mode
    ):
        product.METRIC_COLLECTION_CONSENT = mode
        for _yes in range(2):
            choose(GRANTED, now=clock())
            windows.decide("search", GRANTED, now=clock())
            clock.advance(1)
            process.count(3)
            clock.advance(1)
        process.flush()
        assert measured() == {("Open", None): (6, None)}

    def test_in_notice_mode_a_yes_keeps_what_was_counted_since_the_notice(
        self, product, process, clock
    ):
        product.METRIC_COLLECTION_CONSENT = "notice"
        disclose(now=clock())
        process.count(3)
        clock.advance(1)
        choose(GRANTED, now=clock())
        process.flush()
        assert measured() == {("Open", None): (3, None)}

    def test_counts_from_before_the_notice_are_never_kept(self, product, process, clock):
        product.METRIC_COLLECTION_CONSENT = "notice"
        process.count(3)
        clock.advance(1)
        disclose(now=clock())
        process.flush()
        assert measured() == {}

    @pytest.mark.parametrize("mode", ["opt-in", "notice"])
    @pytest.mark.parametrize("answer", [choose_again, disclose])
    def test_counts_from_before_a_campaign_was_covered_are_never_kept(
        self, product, process, clock, mode, answer
    ):
        product.METRIC_COLLECTION_CONSENT = mode
        choose(GRANTED, now=clock())
        product.METRIC_COLLECTION_CAMPAIGNS = {"logins": daily(title="Logins")}
        process.count(3, campaign_id="logins")
        clock.advance(1)
        answer(now=clock())
        process.flush()
        assert measured() == {}

    def test_counts_from_before_an_expired_yes_was_renewed_are_never_kept(
        self, product, process, clock
    ):
        product.METRIC_COLLECTION_CONSENT = "opt-in"
        product.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(hours=1)
        choose(GRANTED, now=clock())
        clock.advance(hours=1)
        process.count(3)
        clock.advance(1)
        choose(GRANTED, now=clock())
        process.flush()
        assert measured() == {}

    @pytest.mark.parametrize("mode", ["opt-out", "opt-in"])
    def test_counts_from_before_a_window_was_renewed_are_never_kept(
        self, product, process, clock, mode
    ):
        product.METRIC_COLLECTION_CONSENT = mode
        choose(GRANTED, now=clock())
        process.flush()
        clock.advance(days=20)
        process.end()
        process.count(3)
        clock.advance(1)
        choose(GRANTED, now=clock())
        process.flush()
        assert measured() == {}

    @pytest.mark.parametrize("mode", ["opt-out", "notice", "opt-in"])
    def test_counts_from_between_a_no_and_a_yes_are_never_kept(self, product, process, clock, mode):
        product.METRIC_COLLECTION_CONSENT = mode
        choose(DENIED, now=clock())
        process.count(3)
        clock.advance(milliseconds=1)
        choose(GRANTED, now=clock())
        process.flush()
        assert measured() == {}

    @pytest.mark.parametrize("mode", ["opt-out", "notice", "opt-in"])
    @pytest.mark.parametrize("first", [DENIED, GRANTED])
    def test_an_answer_by_a_clock_that_was_ahead_stops_no_counting(
        self, product, process, clock, mode, first
    ):
        product.METRIC_COLLECTION_CONSENT = mode
        right = clock()
        clock.advance(days=3650)
        choose(first, now=clock())
        clock.set(right)
        if first == DENIED:
            choose(GRANTED, now=clock())
        process.count(3)
        process.flush()
        assert measured() == {("Open", None): (3, None)}

    @pytest.mark.parametrize("strict", [False, True])
    def test_a_window_that_a_clock_ahead_has_opened_is_opened_again(
        self, product, start, clock, strict
    ):
        product.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(strengthenAnonymity=strict)}
        right = clock()
        clock.advance(days=200)
        start().flush()
        clock.set(right)
        start().flush()
        opened = CampaignConsent.objects.get()
        today = right.replace(hour=0, minute=0, second=0)
        assert (opened.start, opened.end - opened.start) == (
            today + timedelta(days=int(strict)),
            timedelta(days=10),
        )

    @pytest.mark.parametrize("again", [False, True])
    def test_counts_from_before_an_opt_out_are_never_kept(self, process, clock, again):
        process.count(3)
        clock.advance(1)
        choose(DENIED, now=clock())
        if again:
            choose(GRANTED, now=clock())
        process.flush()
        assert measured() == {}
        assert files() == []

    def test_a_no_to_one_campaign_does_not_affect_others(self, process, clock):
        process.count(3)
        process.count(2, "Time", "mean", value=1)
        windows.decide("search", DENIED, now=clock())
        process.flush()
        assert measured() == {("Time", None): (2, 1.0)}

    def test_nothing_is_counted_after_a_no(self, process, clock):
        choose(DENIED, now=clock())
        process.flush()
        process.count()
        assert not process.meter.has_counts
        assert files() == []

    def test_counting_resumes_after_a_yes(self, process, clock):
        choose(DENIED, now=clock())
        process.flush()
        choose(GRANTED, now=clock())
        process.flush()
        process.count(2)
        process.flush()
        assert measured() == {("Open", None): (2, None)}

    @pytest.mark.parametrize("mode", ["opt-in", "notice"])
    def test_nothing_is_written_before_consent_where_it_is_required(self, product, process, mode):
        product.METRIC_COLLECTION_CONSENT = mode
        process.count(3)
        assert first_terms().place is MEMORY
        process.flush()
        process.count(3)
        process.flush()
        assert measured() == {}
        assert files() == []

    def test_opt_in_counts_after_a_yes(self, product, process, clock):
        product.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(GRANTED, now=clock())
        windows.decide("search", GRANTED, now=clock())
        process.count(2)
        process.flush()
        process.count(2)
        assert len(files()) == 1
        process.flush()
        assert measured() == {("Open", None): (4, None)}

    def test_switching_off_in_the_environment_deletes_unflushed_counts(
        self, start, monkeypatch, process
    ):
        killed = start()
        killed.count()
        killed.end()
        process.count()
        monkeypatch.setenv("METRIC_COLLECTION", "False")
        process.flush()
        process.count()
        assert files() == []
        assert not Consent.objects.exists()
        monkeypatch.delenv("METRIC_COLLECTION")
        process.flush()
        assert measured() == {}

    def test_a_development_run_touches_nothing(self, product, process):
        product.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        with CaptureQueriesContext(connection) as queries:
            process.count()
            process.flush()
        assert len(queries) == 0
        assert files() == []

    def test_no_query_is_made_without_campaigns(self, product, process):
        product.METRIC_COLLECTION_CAMPAIGNS = {}
        with CaptureQueriesContext(connection) as queries:
            process.count()
            process.flush()
        assert len(queries) == 0


class TestPace:
    def test_it_flushes_at_most_once_in_an_interval(self, process):
        process.count()
        process.flusher.flush_if_due()
        process.count()
        process.now = 9.9
        process.flusher.flush_if_due()
        assert measured() == {("Open", None): (1, None)}
        process.now = 10.0
        process.flusher.flush_if_due()
        assert measured() == {("Open", None): (2, None)}

    def test_the_interval_is_a_setting(self, product, process):
        product.METRIC_COLLECTION_FLUSH_INTERVAL = timedelta(minutes=1)
        process.flusher.flush_if_due()
        process.count()
        process.now = 59
        process.flusher.flush_if_due()
        assert measured() == {}

    def test_only_one_thread_flushes_and_others_do_not_wait(self, process):
        process.count()
        with process.flusher._of_this_process():
            process.flush()
        assert measured() == {}

    def test_with_nothing_to_count_it_only_reads(self, process):
        process.flush()
        with CaptureQueriesContext(connection) as queries:
            process.flush()
        assert all(query["sql"].startswith("SELECT") for query in queries)
        assert len(queries) == 2

    def test_it_takes_one_short_transaction(self, process):
        process.count(2)
        process.count(1, "Close")
        process.flush()
        process.count(2)
        with CaptureQueriesContext(connection) as queries:
            process.flush()
        assert len(queries) <= 16  # three of them to tell SQLite how long to wait


def test_a_forked_child_does_not_flush_the_journals_of_its_parent(process):
    process.count(3)
    with TestFailure().down(when='INSERT INTO "usage_metrics_measurement"'):
        process.flush()
    if (child := os.fork()) == 0:
        process.flusher._of_this_process()
        os._exit(len(process.flusher._own))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    process.flush()
    assert measured() == {("Open", None): (3, None)}


def test_the_folder_is_of_the_user_and_the_database(product, tmp_path, monkeypatch):
    name = state_folder().path.name
    assert name.startswith(f"metric_collection-{os.geteuid()}-")
    monkeypatch.setitem(connection.settings_dict, "NAME", "other")
    assert state_folder().path.name != name
    product.METRIC_COLLECTION_STATE_FOLDER = None
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert state_folder().path.parent == tmp_path / "temporary"


@pytest.mark.parametrize("campaigns", [{}, {"other": daily()}])
def test_changed_settings_are_noticed(product, campaigns):
    meter.forget()
    with override_settings(METRIC_COLLECTION_CAMPAIGNS=campaigns):
        assert meter.terms.campaigns.keys() == campaigns.keys()
    assert meter.terms.campaigns.keys() == product.METRIC_COLLECTION_CAMPAIGNS.keys()
    meter.forget()


def test_each_database_file_has_its_own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(connection.settings_dict, "NAME", "db.sqlite3")
    here = state_folder()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    assert state_folder() == here
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "other.sqlite3"))
    assert state_folder() != here


def test_the_folder_of_a_database_server_does_not_depend_on_the_working_directory(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    here = state_folder()
    monkeypatch.chdir(tmp_path)
    assert state_folder() == here


class TestLateJournals:
    """The journal of an idle process is flushed after its period was reported."""

    @pytest.fixture
    def late(self, start, clock):
        """Return a function that has one process report, and another one flush afterwards."""

        def late(campaign_id, *, late_action="Open", **given):
            idle, busy = start(), start()
            idle.count(1, late_action, campaign_id, **given)
            busy.count(1, "Open", campaign_id, **given)
            busy.flush()
            clock.advance(days=1)
            (report,) = Collection(clock=clock).seal()
            assert report.campaign_id == campaign_id
            idle.flush()
            return measured()

        return late

    def test_what_is_recorded_once_is_reported_once(self, late):
        assert late("once") == {}

    def test_a_mean_is_reported_once(self, late):
        assert late("mean", value=3) == {}

    def test_a_sum_is_completed_by_a_second_report(self, late):
        assert late("search", value=3) == {("Open", None): (1, 3.0)}

    def test_names_missing_from_the_report_are_reported(self, late):
        assert late("once", late_action="Close") == {("Close", None): (1, None)}

    def test_several_late_names_are_compared_with_the_same_reports(self, start, clock):
        idle, busy = start(), start()
        for action in ("Open", "Close"):
            idle.count(1, action, "once")
        busy.count(1, "Open", "once")
        busy.flush()
        clock.advance(days=1)
        Collection(clock=clock).seal()
        idle.flush()
        assert measured() == {("Close", None): (1, None)}

    def test_visits_are_recognised_too(self, start, clock):
        idle, busy = start(), start()
        for process in (idle, busy):
            process.meter.measure_visit(["Search", "Results"], "once")
        busy.flush()
        clock.advance(days=1)
        Collection(clock=clock).seal()
        idle.flush()
        assert measured() == {}


class TestWindows:
    def test_a_stale_journal_opens_no_window_of_another_campaign(self, product, start, clock):
        killed = start()
        killed.count()
        killed.end()
        clock.advance(days=40)
        product.METRIC_COLLECTION_CAMPAIGNS = {
            **product.METRIC_COLLECTION_CAMPAIGNS,
            "new": daily(title="New"),
        }
        process = start()
        process.flush()
        assert CampaignConsent.objects.get(campaign_id="new").end > clock()
        process.count(campaign_id="new")
        process.flush()
        assert measured() == {("Open", None): (1, None)}

    def test_a_stale_journal_leaves_its_own_campaign_a_window_that_is_open(self, start, clock):
        killed = start()
        killed.count()
        killed.end()
        clock.advance(days=40)
        process = start()
        process.flush()
        process.count()
        process.flush()
        assert measured() == {("Open", None): (1, None)}


class TestBounds:
    def test_journals_with_many_names_are_flushed_few_at_a_time(self, start, monkeypatch):
        monkeypatch.setattr(flushing, "MOST_POINTS", 10)
        for _ in range(3):
            killed = start()
            for number in range(10):
                killed.count(action=f"Open {number}")
            killed.end()
        process = start()
        for flushed in (1, 2, 3):
            process.flush()
            assert {times for times, _value in measured().values()} == {flushed}

    def test_nothing_is_flushed_inside_a_transaction_of_the_caller(self, process):
        process.count(3)
        with transaction.atomic():
            process.flush()
            assert measured() == {}
        process.flush()
        assert measured() == {("Open", None): (3, None)}


class TestExit:
    def test_nothing_happens_without_counts(self, process):
        with CaptureQueriesContext(connection) as queries:
            process.flusher.flush_at_exit()
        assert len(queries) == 0

    def test_a_database_that_was_never_reached_is_not_waited_for(self, process, monkeypatch):
        process.count()
        monkeypatch.setattr(connections["default"], "connection", None)
        process.flusher.flush_at_exit()
        assert connection.connection is None
        assert process.meter.has_counts

    def test_counts_are_flushed_if_the_database_was_reached(self, process):
        process.flush()
        process.count()
        process.flusher.flush_at_exit()
        assert measured() == {("Open", None): (1, None)}

    def test_it_retries_while_another_process_flushes(self, process, monkeypatch):
        process.flush()
        process.count()
        tries = []

        @contextmanager
        def held_after_three():
            tries.append(1)
            if len(tries) < 3:
                raise ConsentHeldError("another process is writing")
            with held() as consent:
                yield consent

        monkeypatch.setattr(flushing, "held_at_once", held_after_three)
        process.flusher.flush_at_exit()
        assert measured() == {("Open", None): (1, None)}

    def test_a_database_that_is_away_is_tried_once(self, process, caplog):
        process.flush()
        process.count()
        with TestFailure().down(when="SELECT"):
            process.flusher.flush_at_exit()
        assert len(caplog.records) == 1
        process.flusher.flush_at_exit()
        process.flush()
        assert measured() == {("Open", None): (1, None)}

    @pytest.mark.parametrize("vendor", ["postgresql", "mysql"])
    def test_a_server_is_given_two_seconds(self, vendor):
        closed = []
        database = SimpleNamespace(
            vendor=vendor,
            settings_dict={"OPTIONS": {"pool": True, "charset": "utf8"}},
            close=lambda: closed.append(1),
        )
        flushing.limit_time(database)
        assert database.settings_dict["OPTIONS"]["connect_timeout"] == 2
        assert database.settings_dict["OPTIONS"]["charset"] == "utf8"
        assert "pool" not in database.settings_dict["OPTIONS"]
        assert closed == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"USER": "acme"},
        {"OPTIONS": {"service": "acme"}},
        {"OPTIONS": {"options": "-c search_path=acme"}},
        {"OPTIONS": {"read_default_file": "/etc/acme.cnf"}},
    ],
)
def test_products_that_differ_only_in_options_have_their_own_folders(monkeypatch, change):
    here = state_folder()
    for key, value in change.items():
        monkeypatch.setitem(connection.settings_dict, key, value)
    assert state_folder() != here


def test_a_password_does_not_show_in_the_name_of_the_folder(monkeypatch):
    here = state_folder()
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "secret")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"passwd": "secret", "hook": print})
    assert state_folder() == here


def test_the_environment_of_libpq_tells_databases_apart(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "postgresql")
    here = state_folder()
    monkeypatch.setenv("PGSERVICE", "acme")
    assert state_folder() != here


def test_a_system_without_locks_keeps_counts_in_memory(monkeypatch):
    monkeypatch.setattr(flushing, "HAS_LOCKS", False)
    assert "no locks" in state_folder().problem()


def test_an_invalid_database_engine_keeps_counts_in_memory(monkeypatch):
    def fail():
        raise ImproperlyConfigured("'acme' is not an available database backend")

    monkeypatch.setattr(flushing, "identity", fail)
    assert "not an available" in state_folder().problem()


def test_a_machine_without_a_temporary_folder_keeps_counts_in_memory(product, monkeypatch, process):
    product.METRIC_COLLECTION_STATE_FOLDER = None
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: ["/proc/nowhere"])
    assert "No usable temporary directory" in state_folder().problem()
    process.count(2)
    process.flush()
    assert measured() == {("Open", None): (2, None)}
