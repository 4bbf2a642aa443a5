from __future__ import annotations

import os

import pytest

from metric_collection.cleaninsights.forks import Forkable


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


def test_a_process_keeps_what_it_has():
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


def test_what_another_process_made_begins_anew_here():
    box = Box()
    box.content.append(1)
    box._pid = 0  # nobody's
    box._of_this_process()
    assert (box.content, box._pid) == ([], os.getpid())
