from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from metric_collection.cleaninsights import CleanInsights
from metric_collection.cleaninsights.backoff import Backoff
from metric_collection.cleaninsights.consents import Consent
from metric_collection.cleaninsights.exceptions import StoreError
from metric_collection.cleaninsights.filestore import FileStore

from .test_stores import CAMPAIGN, DAY, EVENT, START, VISIT, merge, points, seal

COUNTING = """
import sys
from metric_collection.cleaninsights.filestore import FileStore
from tests.cleaninsights.test_stores import CAMPAIGN, EVENT

store = FileStore(sys.argv[1])
for written in range(1, int(sys.argv[2]) + 1):
    store.merge(CAMPAIGN, EVENT)
    store.persist()
    print(written, flush=True)
"""


SENDING = """
import sys
from metric_collection.cleaninsights.filestore import FileStore

with FileStore(sys.argv[1]).sending() as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store"


def counting(path, times):
    return subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(path), str(times)], stdout=subprocess.PIPE
    )


def counted(path):
    return sum(point.times for point in points(seal(FileStore(path))))


def test_all_that_was_persisted_is_there_for_the_next_process(path):
    store = FileStore(path)
    yes = Consent(granted=True, start=START, end=START)
    store.put_consent("campaign/t", yes)
    store.put_backoff(Backoff(failures=2, failed_at=START))
    merge(store, EVENT, VISIT)
    batch = seal(store)
    following = FileStore(path)
    assert following.consent("campaign/t") == yes
    assert following.backoff() == Backoff(failures=2, failed_at=START)
    assert seal(following) == batch


def test_merged_points_are_in_the_file_only_once_persisted(path):
    store = FileStore(path)
    merge(store, EVENT)
    assert counted(path) == 0
    store.persist()
    assert counted(path) == 1


def test_a_kill_at_any_moment_loses_nothing_that_was_persisted(path):
    confirmed = 0
    for _ in range(6):
        with counting(path, 10_000) as process:
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.03))
            process.kill()
            confirmed += len(process.stdout.read().split()) + 1
        with closing(sqlite3.connect(path)) as file:
            (times,) = file.execute("SELECT times FROM points").fetchone()
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert process.returncode == -signal.SIGKILL
        assert confirmed <= times <= confirmed + 1
        confirmed = times


def test_processes_that_share_a_file_add_up(path):
    processes = [counting(path, 60) for _ in range(3)]
    for process in processes:
        with process:
            process.stdout.read()
        assert process.returncode == 0
    assert counted(path) == 180


def sending(path):
    return subprocess.Popen(
        [sys.executable, "-c", SENDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_of_processes_that_share_a_file_one_sends(path):
    with sending(path) as first:
        assert first.stdout.readline() == b"True\n"
        with sending(path) as second, FileStore(path).sending() as is_ours:
            assert second.communicate()[0] == b"False\n"
            assert not is_ours
        first.communicate()
    with FileStore(path).sending() as is_ours:
        assert is_ours


def test_a_process_that_is_killed_while_it_sends_keeps_nobody_out(path):
    with sending(path) as process:
        process.stdout.readline()
        process.kill()
    with FileStore(path).sending() as is_ours:
        assert is_ours


def test_a_lock_file_that_cannot_be_made_is_an_error(tmp_path):
    store = FileStore(tmp_path / "no" / "folder")
    with pytest.raises(StoreError, match="cannot be used"), store.sending():
        pytest.fail("it was locked")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_and_its_parent_both_count_into_the_file(path):
    store = FileStore(path)
    merge(store, EVENT)
    child = os.fork()
    if not child:
        merge(store, EVENT)
        store.persist()
        os._exit(0)
    os.waitpid(child, 0)
    store.persist()
    assert counted(path) == 2


def test_consent_given_in_another_process_counts(path):
    here, there = FileStore(path), FileStore(path)
    assert here.consent("campaign/t") is None
    no = Consent(granted=False, start=START, end=None)
    there.put_consent("campaign/t", no)
    assert here.consent("campaign/t") == no


def test_consents_are_read_again_only_when_the_file_has_changed(path):
    store = FileStore(path)
    no = Consent(granted=False, start=START, end=None)
    store.put_consent("campaign/t", no)
    time.sleep(0.06)  # until the file's time of change is beyond doubt
    assert store.consent("campaign/t") == no
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # nobody else can read now
        assert store.consent("campaign/t") == no


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_forked_during_a_transaction_of_another_thread_can_use_the_file(path):
    store = FileStore(path)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            store.put_backoff(Backoff())
            time.sleep(0.001)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if not child:
                merge(store, EVENT)
                store.persist()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()
    assert counted(path) == 5


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_does_not_inherit_the_right_to_send(path):
    store = FileStore(path)
    with store.sending() as is_ours:
        assert is_ours
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, b"forked")
            time.sleep(5)
            os._exit(0)
        os.read(reading, 6)
        os.close(reading)
        os.close(writing)
    try:
        with store.sending() as is_ours:
            assert is_ours
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.thorough
def test_sixteen_processes_lose_nothing(path):
    processes = [counting(path, 10) for _ in range(16)]
    for process in processes:
        with process:
            process.stdout.read()
        assert process.returncode == 0
    assert counted(path) == 160


def test_a_locked_file_holds_up_no_measurement(path):
    configuration = {
        "server": "https://ci.example/",
        "siteId": 5,
        "serverSideAnonymousUsage": True,
        "persistEveryNTimes": 1,
        "campaigns": {"t": {"start": START, "end": START + 30 * DAY, "aggregationPeriodLength": 1}},
    }
    store = FileStore(path)
    store.put_backoff(Backoff())
    client = CleanInsights(configuration, store, clock=lambda: START)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        for _ in range(100):
            client.measure_event("c", "a", "t")
        assert time.monotonic() - began < 1
    client.close()
    assert counted(path) == 100


def test_memory_is_bounded_and_a_loss_is_logged_once(tmp_path, caplog):
    store = FileStore(tmp_path / "no" / "folder")
    for _ in range(10_003):
        store.merge(CAMPAIGN, EVENT)
    assert caplog.messages == [f"Measurements are lost: {tmp_path}/no/folder cannot be written."]
    (tmp_path / "no").mkdir()
    store.merge(CAMPAIGN, EVENT)
    store.persist()
    assert counted(tmp_path / "no" / "folder") == 10_001


def test_files_are_private_to_their_user(path):
    store = FileStore(path)
    store.put_backoff(Backoff())
    with store.sending():
        modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {0o600}


def test_a_path_is_split_again_where_it_was_joined(path):
    store = FileStore(path)
    merge(store, replace(VISIT, path=("a/b", "c")))
    assert points(seal(store))[0].path == ("a", "b", "c")


def test_a_file_of_another_format_is_an_error(path):
    path.write_text("this is not a store, " * 100)
    with pytest.raises(
        StoreError, match=r"the store .*/store cannot be used: file is not a database"
    ):
        FileStore(path).backoff()


def test_a_missing_folder_is_an_error_and_loses_no_count(tmp_path):
    store = FileStore(tmp_path / "later" / "store")
    merge(store, EVENT)
    with pytest.raises(StoreError):
        store.persist()
    (tmp_path / "later").mkdir()
    store.persist()
    assert counted(tmp_path / "later" / "store") == 1


def test_a_count_that_fails_midway_is_not_half_written(path):
    store = FileStore(path)
    merge(store, EVENT)
    store.persist()
    merge(store, EVENT, replace(EVENT, times=2**70))
    with pytest.raises(OverflowError):
        store.persist()
    assert counted(path) == 1


def test_the_campaign_of_each_count_is_remembered_until_it_is_written(path):
    store = FileStore(path)
    merge(store, EVENT)
    merge(store, EVENT, campaign=replace(CAMPAIGN, only_record_once=True))
    store.persist()
    assert counted(path) == 1
