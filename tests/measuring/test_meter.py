from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from metric_collection.cleaninsights.campaigns import Period
from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.measuring.folder import Folder
from metric_collection.measuring.journal import CELLS
from metric_collection.measuring.meter import MOST_ENTRIES, MOST_REMEMBERED, Meter
from metric_collection.measuring.policy import MOST_NAMES, OFF, Term, Terms

from .conftest import DAY, START, daily

NOON = START + DAY / 2


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def terms(folder) -> Terms:
    campaigns = {
        "search": Term.always(daily()),
        "once": Term.always(daily(only_record_once=True)),
        "closed": Term(campaign=daily(), window=None),
    }
    return Terms(campaigns=campaigns, place=folder)


@pytest.fixture
def meter(clock, terms):
    meter = Meter(lambda: terms, lambda: clock().timestamp())
    yield meter
    meter.reset()


def counted(meter) -> Counter:
    """Retire the journal and return its counts."""
    journal = meter.retire()
    counts = Counter()
    for point in journal.counts() if journal else ():
        counts[point.identity] += point.times
    if journal:
        journal.discard()
    return counts


@contextmanager
def switching_often():
    """Let threads take turns at almost every step."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def points(meter):
    return list(meter.retire().counts())


def test_calls_are_counted_by_name(meter):
    for _ in range(3):
        meter.measure_event("Search", "Open", "search")
        meter.measure_event("Search", "Open", "search", "header")
    meter.measure_visit(["Search", "Results"], "search")
    meter.measure_visit("Search", "search")
    assert counted(meter) == {
        ("Search", "Open", None): 3,
        ("Search", "Open", "header"): 3,
        "Search/Results": 1,
        "Search": 1,
    }


def test_values_are_summed_up(meter):
    for value in (1, 0.5, True):
        meter.measure_event("Search", "Time", "search", value=value)
    meter.measure_event("Search", "Time", "search")
    valued, plain = points(meter)
    assert (valued.times, valued.value) == (3, 2.5)
    assert (plain.times, plain.value) == (1, None)


def test_a_path_may_be_any_iterable_of_strings(meter):
    for path in (["a", "b"], ("a", "b"), iter(["a", "b"])):
        meter.measure_visit(path, "search")
    meter.measure_visit(("a", "b"), "search")
    assert counted(meter) == {"a/b": 4}


def test_a_count_belongs_to_the_period_in_which_it_was_made(meter, clock):
    meter.measure_event("Search", "Open", "search")
    clock.set(START + DAY - timedelta.resolution)
    meter.measure_event("Search", "Open", "search")
    clock.set(START + DAY)
    meter.measure_event("Search", "Open", "search")
    assert [(point.period_start, point.times) for point in points(meter)] == [
        (START, 2),
        (START + DAY, 1),
    ]


def test_nothing_is_counted_before_and_after_a_campaign(meter, clock):
    for moment in (START - timedelta.resolution, START + 366 * DAY):
        clock.set(moment)
        meter.measure_event("Search", "Open", "search")
    assert not meter.has_counts


def test_a_campaign_is_counted_from_its_start(meter, clock):
    clock.set(START - timedelta(seconds=1))
    meter.measure_event("Search", "Open", "search")
    clock.set(START)
    meter.measure_event("Search", "Open", "search")
    assert counted(meter) == {("Search", "Open", None): 1}


def test_what_is_recorded_once_is_counted_once_in_a_period(meter, clock):
    for _ in range(3):
        meter.measure_event("Search", "Open", "once", value=2)
        meter.measure_event("Search", "Open", "once")
    clock.advance(days=1)
    meter.measure_event("Search", "Open", "once", value=3)
    assert [(point.times, point.value) for point in points(meter)] == [(1, 2.0), (1, 3.0)]


def test_a_campaign_without_consent_is_not_counted(meter):
    for _ in range(2):
        meter.measure_event("Search", "Open", "closed")
        meter.measure_event("Search", "Open", "closed", value=1)
    assert not meter.has_counts


def test_an_unknown_campaign_is_logged_once(meter, caplog):
    caplog.set_level(logging.DEBUG)
    for action in ("a", "a", "b"):
        meter.measure_event("c", action, "nowhere")
        meter.measure_visit(action, "nowhere")
    (record,) = caplog.records
    assert (record.levelname, "'nowhere'" in record.message) == ("DEBUG", True)
    assert not meter.has_counts


@pytest.mark.parametrize(
    "call",
    [
        lambda meter: meter.measure_event("", "a", "search"),
        lambda meter: meter.measure_event("c", ["a"], "search"),
        lambda meter: meter.measure_event("c", "a", ["search"]),
        lambda meter: meter.measure_event("c", "a", "search", 5),
        lambda meter: meter.measure_event("c", "a", "search", value="much"),
        lambda meter: meter.measure_event("c", "a", "search", value=float("nan")),
        lambda meter: meter.measure_visit([], "search"),
        lambda meter: meter.measure_visit(5, "search"),
        lambda meter: meter.measure_visit("a", None),
    ],
)
def test_invalid_arguments_are_logged_and_not_raised(meter, call, caplog):
    caplog.set_level(logging.DEBUG)
    meter.measure_event("c", "a", "search", value=1)
    meter.measure_event("c", "a", "search")
    call(meter)
    assert "is not counted" in caplog.text
    assert counted(meter) == {("c", "a", None): 2}


@pytest.mark.parametrize("path", ["Results", ["Search", "Results"], ("Search", "Results")])
def test_a_path_that_was_seen_before_is_found_again(meter, path):
    for _ in range(3):
        meter.measure_visit(path, "search")
    (point,) = points(meter)
    assert point.times == 3


def test_a_full_journal_is_summed_up_and_nothing_is_lost(meter, folder):
    for _ in range(CELLS + 10):
        meter.measure_event("Search", "Open", "search")
    assert len(list(folder.path.iterdir())) == 1
    assert counted(meter) == {("Search", "Open", None): CELLS + 10}


def test_a_journal_full_of_values_is_summed_up_too(meter):
    for _ in range(CELLS + 10):
        meter.measure_event("Search", "Time", "search", value=0.5)
    (point,) = points(meter)
    assert (point.times, point.value) == (CELLS + 10, (CELLS + 10) / 2)


def test_names_beyond_the_limit_are_counted_as_other(meter, caplog):
    caplog.set_level(logging.DEBUG)
    for number in range(3 * MOST_ENTRIES):
        meter.measure_event("Search", "Open", "search", str(number))
    assert "too many different names" in caplog.text
    counts = counted(meter)
    assert len(counts) == MOST_NAMES + 1
    assert counts["Search", "Open", "other"] == 3 * MOST_ENTRIES - MOST_NAMES


def test_many_names_in_one_campaign_do_not_affect_another(meter):
    for number in range(2 * MOST_ENTRIES):
        meter.measure_event("Search", "Open", "search", str(number))
    meter.measure_event("Search", "Open", "once", "mine")
    assert counted(meter)["Search", "Open", "mine"] == 1


def test_the_number_of_entries_in_a_journal_is_limited(meter):
    for number in range(2 * MOST_ENTRIES):
        meter.measure_event(f"Category {number}", "Open", "search", "name")
    assert len(counted(meter)) == MOST_ENTRIES


@pytest.mark.parametrize("value", [None, 0.5])
def test_long_names_do_not_fill_the_memory(meter, value):
    long = "x" * 1_000_000
    tracemalloc.start()
    try:
        for number in range(20):
            meter.measure_event("Search", "Open", "search", f"{number}{long}", value)
            meter.measure_event("Search", "Open", f"{number}{long}", value=value)
            meter.measure_event(f"{number}{long}", "Open", "search", value=value)
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [None, 0.5])
def test_many_names_do_not_fill_the_memory(meter, value):
    for number in range(MOST_REMEMBERED + 1_000):
        meter.measure_event("Search", "Open", "search", str(number), value)
    assert len(meter._cells) + len(meter._codes) <= MOST_REMEMBERED + 1


def test_a_long_name_is_cut_as_it_is_sent(meter):
    for _ in range(2):
        meter.measure_event("Search", "Open", "search", "x" * 300)
    assert counted(meter) == {("Search", "Open", "x" * 255): 2}


@pytest.mark.parametrize("value", [None, 0.5])
def test_no_name_is_lost_when_the_disk_fills_up(meter, full_disk, value):
    meter.measure_event("Search", "Open", "search", "first", value)
    with full_disk:
        for number in range(300):
            meter.measure_event("Search", "Open", "search", str(number), value)
    counts = counted(meter)
    assert len(counts) == 301
    assert counts["Search", "Open", "first"] == 1


class Deadline(Exception):
    """An exception of the host, such as Celery's SoftTimeLimitExceeded."""


# It may come while a file is opened for the next journal; nobody but the garbage collector has that file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize(
    "call",
    [
        lambda meter: meter.measure_event("Search", "Open", "search"),
        lambda meter: meter.measure_event("Search", "Open", "search", value=0.5),
        lambda meter: meter.measure_event("Search", "Open", "search", "name"),
        lambda meter: meter.measure_visit(["Search", "Results"], "search"),
    ],
)
def test_an_exception_from_a_signal_handler_reaches_the_host(meter, call):
    def handler(*_):
        raise Deadline

    def call_for(seconds):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        while True:
            call(meter)

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for microseconds in range(1_000, 1_200, 4):
            with pytest.raises(Deadline):
                call_for(microseconds / 1e6)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_number_of_log_lines_is_limited(meter, caplog):
    caplog.set_level(logging.DEBUG)
    for number in range(200):
        meter.measure_event("c", "a", f"campaign {number}")
    assert len(caplog.records) == 100


def test_counts_are_kept_in_memory_if_the_folder_is_unusable(meter, terms, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    meter.learn(replace(terms, place=Folder(tmp_path / "no" / "folder")))
    for _ in range(CELLS + 1):
        meter.measure_event("Search", "Open", "search")
    assert "in memory only" in caplog.text
    assert counted(meter) == {("Search", "Open", None): CELLS + 1}


class TestTerms:
    def test_they_are_asked_for_at_the_first_call(self, terms, clock):
        asked = []
        meter = Meter(lambda: asked.append(1) or terms, lambda: clock().timestamp())
        assert asked == []
        for _ in range(3):
            meter.measure_event("Search", "Open", "search")
        assert asked == [1]
        meter.retire().discard()

    def test_nothing_is_counted_before_terms_are_known(self, terms, clock):
        told = []
        meter = Meter(lambda: told[0] if told else None, lambda: clock().timestamp())
        meter.measure_event("Search", "Open", "search")
        assert not meter.has_counts
        told.append(terms)
        meter.measure_event("Search", "Open", "search")
        assert counted(meter) == {("Search", "Open", None): 1}

    def test_new_terms_apply_at_once(self, meter, terms):
        meter.measure_event("Search", "Open", "search")
        closed = Period(start=START + DAY, end=START + 2 * DAY)
        later = Term(campaign=daily(), window=closed)
        meter.learn(replace(terms, campaigns={"search": later}))
        meter.measure_event("Search", "Open", "search")
        assert counted(meter) == {("Search", "Open", None): 1}

    def test_off_is_off(self, meter):
        meter.learn(OFF)
        meter.measure_event("Search", "Open", "search")
        meter.measure_event("Search", "Open", "search", value=1)
        meter.measure_visit("Search", "search")
        assert not meter.has_counts

    def test_forgotten_terms_are_asked_for_again(self, meter):
        meter.learn(OFF)
        meter.forget()
        meter.measure_event("Search", "Open", "search")
        assert meter.has_counts


class TestProcesses:
    def test_a_child_forked_without_hooks_begins_anew(self, terms, clock):
        meter = Meter(lambda: terms, lambda: clock().timestamp(), has_fork_hooks=False)
        meter.measure_event("Search", "Open", "search")
        meter.measure_event("Search", "Open", "search")
        meter._pid = 0  # as if all this had happened in another process
        meter.measure_event("Search", "Open", "search")
        assert counted(meter) == {("Search", "Open", None): 1}

    def test_a_forked_child_counts_for_itself(self, meter, folder):
        meter.measure_event("Search", "Open", "search")
        if (child := os.fork()) == 0:
            meter.reset()
            meter.measure_event("Search", "Child", "search")
            os._exit(0)
        os.waitpid(child, 0)
        (left,) = folder.abandoned()
        assert [(point.action, point.times) for point in left.counts()] == [("Child", 1)]
        left.discard()
        meter.measure_event("Search", "Open", "search")
        assert counted(meter) == {("Search", "Open", None): 2}

    def test_a_child_that_outlives_its_parent_does_not_keep_its_journal(self, meter, folder):
        meter.measure_event("Search", "Open", "search")
        (ready, tell), (wait, hold) = os.pipe(), os.pipe()
        if (child := os.fork()) == 0:
            meter.reset()
            os.close(hold)
            os.write(tell, b"x")
            os.read(wait, 1)
            os._exit(0)
        os.read(ready, 1)
        meter.retire().release()
        assert len(list(folder.abandoned())) == 1
        os.close(hold)
        os.waitpid(child, 0)
        for end in (ready, tell, wait):
            os.close(end)

    @pytest.mark.parametrize("value", [None, 0.5])
    def test_threads_lose_no_count_while_journals_are_retired(self, meter, value):
        retired, each, done = [], 5_000, threading.Event()

        def count(thread):
            for number in range(thread, thread + 4 * each):  # so that each journal numbers anew
                meter.measure_event("Search", f"Open {number % 4}", "search", value=value)

        def retire():
            while not done.wait(0.001):
                retired.append(meter.retire())

        threads = [threading.Thread(target=count, args=[number]) for number in range(4)]
        flusher = threading.Thread(target=retire)
        with switching_often():
            for thread in (flusher, *threads):
                thread.start()
            for thread in threads:
                thread.join()
            done.set()
            flusher.join()
        journals = [journal for journal in (*retired, meter.retire()) if journal]
        assert len(journals) > 1
        counts, sums = Counter(), Counter()
        for journal in journals:
            for point in journal.counts():
                counts[point.action] += point.times
                sums[point.action] += point.value or 0
            journal.discard()
        assert counts == {f"Open {number}": 4 * each for number in range(4)}
        assert sums == {action: times * (value or 0) for action, times in counts.items()}

    def test_it_counts_in_async_code(self, meter):
        async def count():
            meter.measure_event("Search", "Open", "search")

        async def main():
            await asyncio.gather(*(count() for _ in range(10)))

        asyncio.run(main())
        assert counted(meter) == {("Search", "Open", None): 10}

    def test_a_log_handler_may_measure_itself(self, meter):
        class Counting(logging.Handler):
            def emit(self, record):
                meter.measure_event("Log", record.levelname, "search")

        logger = logging.getLogger("metric_collection.measuring")
        handler, level = Counting(), logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            meter.measure_event("Search", "Open", "nowhere")
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
        assert counted(meter) == {("Log", "DEBUG", None): 1}
