"""Locks and forks: a child inherits its parent's memory, but no thread that could free a lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from weakref import WeakMethod


def after_fork(method: Callable[[], None]) -> None:
    """Call a method in every child that is forked, as long as its object lives.

    What Python remembers for this it keeps until the very end: if it were the method itself, all that
    the object can reach would be in the way of a quick exit.
    """
    os.register_at_fork(after_in_child=weakly(method))


def weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls a method as long as its object lives, and does not keep it alive."""
    kept = WeakMethod(method)

    def call() -> None:
        if found := kept():
            found()

    return call


class Forkable:
    """Something with a lock that begins anew when it finds itself in a forked child."""

    def __init__(self) -> None:
        self._enter_process()

    def _enter_process(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        """Set to nothing what a child must leave to its parent."""

    def _of_this_process(self) -> threading.Lock:
        """Return the lock; to be called before anything that `_begin` sets is touched."""
        if self._pid != os.getpid():
            self._enter_process()
        return self._lock
