from __future__ import annotations

import os
import weakref

import pytest

from metric_collection.cleaninsights.forks import Forkable, after_fork, weakly


class Box(Forkable):
    def _begin(self):
        self.content = []


def in_child(check):
    """Return what a forked child finds."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(check()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as found:
        return found.read()


def test_state_is_kept_within_a_process():
    box = Box()
    box.content.append(1)
    with box._of_this_process():
        assert box.content == [1]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_finds_the_lock_open_and_nothing_of_its_parents():
    box = Box()
    box.content.append(1)
    with box._of_this_process():
        found = in_child(lambda: (box._of_this_process().acquire(timeout=1), box.content))
    assert found == "(True, [])"
    assert box.content == [1]


def test_state_of_another_process_is_reset():
    box = Box()
    box.content.append(1)
    box._pid = 0  # nobody's
    box._of_this_process()
    assert (box.content, box._pid) == ([], os.getpid())


class Counter:
    def __init__(self):
        self.forks = 0

    def count(self):
        self.forks += 1


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_method_is_called_in_a_child_and_not_in_its_parent():
    counter = Counter()
    after_fork(counter.count)
    assert in_child(lambda: counter.forks) == "1"
    assert counter.forks == 0


def test_an_object_is_not_kept_alive_for_the_call_of_its_method():
    counter = Counter()
    gone, call = weakref.ref(counter), weakly(counter.count)
    call()
    assert counter.forks == 1
    del counter
    assert gone() is None
    call()
