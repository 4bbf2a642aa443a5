"""Locks and forks: a child inherits its parent's memory, but no thread that could release a lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from weakref import WeakMethod


def after_fork(method: Callable[[], None]) -> None:
    """Call a method in every forked child, as long as its object lives.

    Python keeps registered functions until the very end. Registering the method itself would keep
    its object alive, which slows down the exit of the process.
    """
    if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
        os.register_at_fork(after_in_child=weakly(method))


def weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls a method as long as its object lives, without keeping it alive."""
    kept = WeakMethod(method)

    def call() -> None:
        if found := kept():
            found()

    return call


class Forkable:
    """An object with a lock that resets itself when used in a forked child."""

    def __init__(self) -> None:
        self._enter_process()

    def _enter_process(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        """Reset the state that belongs to the parent process."""

    def _of_this_process(self) -> threading.Lock:
        """Return the lock. Call this before using any state that `_begin` resets."""
        if self._pid != os.getpid():
            self._enter_process()
        return self._lock
