from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from metric_collection.measuring.folder import (
    FORGOTTEN,
    JOURNAL,
    MEMORY,
    MOST_JOURNALS,
    STALE,
    Folder,
)
from metric_collection.measuring.journal import CELLS, Entry, cell

from .conftest import START, event

ROOT = Path(__file__).parents[2]
PLAIN = Entry(point=event(), valued=False)


def count(journal, times=1):
    number = journal.define(PLAIN)
    for _ in range(times):
        journal.write(cell(number))
    return journal


def names(folder):
    return sorted(path.name for path in folder.path.iterdir())


@pytest.fixture
def just_before():
    """Let something happen just before the next audited event: a hook cannot be removed, but ends."""
    planned = []

    def hook(event, arguments):
        if planned and planned[0][0] == event and str(arguments[0]).endswith(planned[0][2]):
            planned.pop()[1]()

    sys.addaudithook(hook)
    yield lambda event, act, ending="": planned.append((event, act, ending))
    planned.clear()


def counts(journals):
    return [list(journal.counts()) for journal in journals]


def test_folder_and_files_are_private(folder):
    journal = folder.create(START)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (path,) = folder.path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    journal.discard()
    assert names(folder) == []


def test_the_journal_of_a_running_process_is_not_taken(folder):
    count(folder.create(START))
    assert counts(folder.abandoned()) == []


def test_the_journal_of_a_killed_process_is_taken_once(folder):
    source = f"""
import os, signal, sys
from pathlib import Path
from tests.measuring.test_folder import *
journal = count(Folder(Path({str(folder.path)!r})).create(START), 1000)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False)
    assert killed.returncode == -9
    taken = list(folder.abandoned())
    assert counts(taken) == [[event(times=1000)]]
    assert counts(folder.abandoned()) == []
    taken[0].discard()
    assert names(folder) == []


def test_a_released_journal_can_be_taken(folder):
    journal = count(folder.create(START))
    journal.release()
    assert counts(folder.abandoned()) == [[event(times=1)]]


def test_a_full_journal_is_replaced_by_one_with_the_sums(folder):
    full = count(folder.create(START), CELLS)
    before = names(folder)
    fresh = folder.rewrite(full)
    full.discard()
    fresh.write(cell(1))
    assert names(folder) == before
    assert counts(folder.abandoned()) == []
    fresh.release()
    assert counts(folder.abandoned()) == [[event(times=CELLS + 1)]]


def test_a_journal_removed_while_it_is_taken_is_skipped(folder, just_before):
    journal = count(folder.create(START))
    just_before("fcntl.flock", journal.discard)
    assert counts(folder.abandoned()) == []


def test_a_journal_removed_while_it_is_opened_is_skipped(folder, just_before):
    journal = count(folder.create(START))
    just_before("open", journal.discard, ending=".journal")
    assert counts(folder.abandoned()) == []


def test_memory_sums_up_too(folder):
    fresh = MEMORY.rewrite(count(MEMORY.create(START), CELLS))
    fresh.write(cell(1))
    assert counts([fresh]) == [[event(times=CELLS + 1)]]
    assert list(MEMORY.abandoned()) == []


def test_a_broken_journal_is_removed(folder):
    folder.create(START).discard()
    (folder.path / f"broken{JOURNAL}").write_bytes(b"x")
    assert counts(folder.abandoned()) == []
    assert names(folder) == []


def test_other_files_are_not_touched(folder):
    folder.create(START).discard()
    (folder.path / "note").write_text("mine")
    (folder.path / f"link{JOURNAL}").symlink_to("note")
    assert counts(folder.abandoned()) == []
    assert names(folder) == [f"link{JOURNAL}", "note"]


@pytest.mark.parametrize(("age", "is_kept"), [(0, True), (2 * FORGOTTEN, False)])
def test_a_journal_of_another_format_is_left_to_the_version_that_can_read_it(folder, age, is_kept):
    folder.create(START).discard()
    theirs = folder.path / "0123.9.journal"
    theirs.write_bytes(b"in years to come")
    moment = theirs.stat().st_mtime - age
    os.utime(theirs, (moment, moment))
    assert counts(folder.abandoned()) == []
    assert theirs.exists() is is_kept


def test_the_number_of_journals_in_a_folder_is_limited(folder):
    folder.create(START).discard()
    for number in range(MOST_JOURNALS):
        (folder.path / f"{number}{JOURNAL}").touch()
    with pytest.raises(OSError, match="uncounted journals"):
        folder.create(START)


@pytest.mark.parametrize(
    ("kind", "is_used"),
    [("ext4", True), ("tmpfs", True), ("btrfs", False), ("zfs", False), ("fuse.sshfs", False)],
)
def test_a_folder_is_used_only_on_file_systems_that_overwrite_in_place(tmp_path, kind, is_used):
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"27 1 {os.major(device)}:{os.minor(device)} / / rw shared:1 - {kind} /dev/vda rw\n"
    )
    folder = Folder(tmp_path / "journals", mounts)
    assert (folder.problem() is None) is is_used


@pytest.mark.parametrize(("inodes", "is_used"), [(65_536, True), (0, False)], ids=["ext4", "btrfs"])
def test_an_overlay_is_used_on_a_file_system_that_reports_its_inodes(
    tmp_path, monkeypatch, inodes, is_used
):
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"27 1 {os.major(device)}:{os.minor(device)} / / rw - overlay overlay rw\n")
    monkeypatch.setattr(os, "fstatvfs", lambda _folder: SimpleNamespace(f_files=inodes))
    assert (Folder(tmp_path / "journals", mounts).problem() is None) is is_used


def test_a_folder_on_an_unknown_file_system_is_refused(tmp_path):
    folder = Folder(tmp_path / "journals", tmp_path / "nothing")
    assert "overwrites in place" in folder.problem()


@pytest.mark.parametrize(("age", "left"), [(0, ["x.new"]), (2 * STALE, [])])
def test_an_unfinished_file_is_removed_after_an_hour(folder, age, left):
    folder.create(START).discard()
    unfinished = folder.path / "x.new"
    unfinished.touch()
    moment = unfinished.stat().st_mtime - age
    os.utime(unfinished, (moment, moment))
    assert counts(folder.abandoned()) == []
    assert names(folder) == left


class TestRefusals:
    def test_a_folder_that_others_can_read(self, folder):
        folder.path.mkdir()
        folder.path.chmod(0o755)
        assert "not private" in folder.problem()

    def test_a_link_to_a_folder(self, folder, tmp_path):
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.path.symlink_to(tmp_path / "elsewhere")
        assert folder.problem()
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_a_file_in_its_place(self, folder):
        folder.path.touch()
        assert folder.problem()

    @pytest.mark.skipif(
        os.geteuid() != 0, reason="only root can give a folder away: run the tests as root"
    )
    def test_a_folder_of_another_user(self, folder):
        folder.path.mkdir(mode=0o700)
        os.chown(folder.path, 12345, 12345)
        assert "not private" in folder.problem()

    def test_a_folder_that_cannot_be_created(self, tmp_path):
        assert "No such file" in Folder(tmp_path / "no" / "folder").problem()

    def test_a_usable_folder_has_no_problem(self, folder):
        assert folder.problem() is None
        assert names(folder) == []

    def test_a_journal_that_cannot_be_written_leaves_no_file(self, folder):
        folder.create(START).discard()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            with pytest.raises(OSError):
                folder.create(START)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert names(folder) == []
