"""The steps of a piece of work: each statement, each commit and each call of a socket, before and after.

Between two of them nothing changes that anybody else can see: what goes well with a fault at each of
them goes well with a fault at any moment.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from types import FrameType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

STATEMENTS = {
    method.__code__: name
    for method, name in (
        (CursorWrapper._execute, "statement"),
        (CursorWrapper._executemany, "statements"),
        (BaseDatabaseWrapper._commit, "commit"),
        (BaseDatabaseWrapper._rollback, "rollback"),
    )
}
CALLS = {name: name for name in ("connect", "sendall", "recv_into")}
CALLED = ("call", "return")
WHEN = {
    "call": "before",
    "c_call": "before",
    "return": "after",
    "c_return": "after",
    "c_exception": "after",
}
HELD_UP = ", held up"
A_MOMENT, PATIENCE = 0.2, 30
fork = get_context("fork")


def disturbed(work: Callable[[], object], fault: Callable[[int], object], *, at: int) -> str:
    """Let a process of its own do some work, and something happen to it (by its id) at one step.

    Return the step in words; nothing where the work was done before. What happens may be held up by
    the worker's transaction: the worker then goes on, and the words say so.
    """
    connections.close_all()  # a child must not speak over its parent's
    ours, theirs = fork.Pipe()
    worker = fork.Process(target=stop_at, args=[at, work, theirs], daemon=True)
    worker.start()
    theirs.close()
    happening = Thread(target=fault, args=[worker.pid])
    try:
        step: str = ours.recv()
        happening.start()
        happening.join(A_MOMENT)
        step += HELD_UP if happening.is_alive() else ""
        ours.send("go on")
        happening.join()
    except EOFError:
        step = ""
    except BrokenPipeError:
        pass  # it was killed
    ours.close()
    worker.join(PATIENCE)
    assert worker.exitcode is not None, f"it hangs after this step: {step}"
    return step


def stop_at(at: int, work: Callable[[], object], pipe: Connection) -> None:
    """Do the work; at one step name it, and wait for an answer."""
    taken = 0

    def look(frame: FrameType, event: str, called: Any) -> None:
        nonlocal taken
        if event in CALLED:
            name = STATEMENTS.get(frame.f_code)
        else:
            name = CALLS.get(called.__name__) if is_of_socket(called, frame) else None
        if name:
            taken += 1
            if taken == at:
                pipe.send(f"{WHEN[event]} {name}")
                pipe.recv()

    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        connections.close_all()


def is_of_socket(called: Any, frame: FrameType) -> bool:
    """Whether a socket's own method is called; a database's driver in Python does so within a statement.

    How often that one reads is not the same each time, and so would be no step to go by.
    """
    is_socket = isinstance(getattr(called, "__self__", None), socket.socket)
    return is_socket and not any(name.startswith("pymysql") for name in callers(frame))


def callers(frame: FrameType | None) -> Iterator[str]:
    """Name the modules that a call comes from, the innermost first."""
    while frame is not None:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back
