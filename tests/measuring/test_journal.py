from __future__ import annotations

import os
import resource
import signal
from dataclasses import replace
from functools import partial

import pytest

from metric_collection.cleaninsights.datapoints import Visit, key_of
from metric_collection.measuring.journal import CELLS, Entry, Journal, cell, line

from .conftest import DAY, START, event

VISIT = Visit(path=("a/b",), campaign_id="search", period_start=START, period_end=START + DAY)
PLAIN = Entry(point=event(), valued=False)
VALUED = Entry(point=event("Time"), valued=True)


@pytest.fixture
def journal() -> Journal:
    return Journal("key", START)


@pytest.fixture
def file(tmp_path):
    return os.open(tmp_path / "journal", os.O_RDWR | os.O_CREAT | os.O_APPEND)


@pytest.fixture
def removed() -> list:
    return []


@pytest.fixture
def written(file, removed) -> Journal:
    return Journal.create("key", START, file, partial(removed.append, 1))


def fill(journal, entry, *cells):
    number = journal.define(entry)
    for values in cells:
        journal.write(cell(number, **values))


def test_counts_are_summed_up(journal):
    fill(journal, PLAIN, {}, {}, {"times": 5})
    fill(journal, VALUED, {"value": 0.5}, {"value": 0.5}, {"value": 2.0})
    fill(journal, Entry(point=VISIT, valued=False), {})
    assert list(journal.counts()) == [
        event(times=7),
        event("Time", times=3, value=3.0),
        replace(VISIT, times=1),
    ]


def test_an_empty_journal_has_no_counts(journal):
    assert list(journal.counts()) == []


def test_a_full_journal_raises_and_keeps_its_counts(journal):
    fill(journal, PLAIN, *[{}] * CELLS)
    with pytest.raises(ValueError):
        journal.write(cell(1))
    assert list(journal.counts()) == [event(times=CELLS)]


def test_a_closed_journal_takes_no_more_counts(journal):
    fill(journal, PLAIN, {})
    journal.close()
    with pytest.raises(ValueError):
        journal.write(cell(1))
    assert list(journal.counts()) == [event(times=1)]


def test_sums_go_into_another_journal_under_the_same_numbers(journal):
    fill(journal, PLAIN, {}, {})
    fill(journal, VALUED, {"value": 1.5})
    fresh = Journal("key", START)
    journal.rewrite(fresh)
    fresh.write(cell(2, value=1.0))
    assert list(fresh.counts()) == [event(times=2), event("Time", times=2, value=2.5)]


def test_a_journal_is_read_from_its_file_by_another_process(written, file):
    fill(written, PLAIN, {}, {})
    fill(written, VALUED, {"value": 1.5})
    read = Journal.open("key", os.dup(file), lambda: None)
    assert (read.key, read.begun) == ("key", START)
    assert list(read.counts()) == list(written.counts())


def test_a_truncated_line_is_ignored(written, file):
    fill(written, PLAIN, {})
    os.write(file, b'["search", "2026')
    assert list(Journal.open("key", os.dup(file), lambda: None).counts()) == [event(times=1)]


def test_an_unused_line_shifts_no_other(written, file):
    """As when a signal handler raises right after the write."""
    os.write(file, line([1, False, *key_of(event("Never counted"))]))
    fill(written, PLAIN, {})
    assert list(Journal.open("key", os.dup(file), lambda: True).counts()) == [event(times=1)]


def test_an_entry_is_found_by_its_point(journal):
    assert journal.number(PLAIN) is None
    assert journal.define(PLAIN) == journal.number(PLAIN) == 1
    assert journal.number(VALUED) is None


def test_a_cell_without_a_line_is_ignored(written, file):
    fill(written, PLAIN, {})
    written.write(cell(2))
    assert list(Journal.open("key", os.dup(file), lambda: None).counts()) == [event(times=1)]


@pytest.mark.parametrize("content", [b"", b"short", bytes(CELLS * 24) + b"no JSON\n"])
def test_a_broken_file_is_refused(file, content):
    os.write(file, content)
    with pytest.raises(ValueError):
        Journal.open("key", file, lambda: None)


def test_discarding_removes_and_releases(written, file, removed):
    written.discard()
    assert removed == [1]
    with pytest.raises(OSError):
        os.fstat(file)
    with pytest.raises(ValueError):
        written.write(cell(1))


def test_releasing_removes_nothing_and_may_be_repeated(written, removed):
    written.release()
    written.release()
    assert removed == []


def test_a_full_disk_leaves_whole_lines(written, file):
    """A limited file size stands for a full disk."""
    size = os.fstat(file).st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(OSError):
            written.define(PLAIN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert os.fstat(file).st_size == size
    assert len(written) == 0
