"""Running a publisher's code in the host's process: with a time limit, and unable to end the process."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

LIMIT = timedelta(seconds=2)
T = TypeVar("T")


@contextmanager
def without_exit() -> Iterator[None]:
    """Raise RuntimeError where the block would end the process, as a command-line script does when imported.

    Only a signal handler of the host may do so, such as that of a worker that is being stopped.
    """
    try:
        yield
    except SystemExit as error:
        if _is_from_signal(error.__traceback__):
            raise
        raise RuntimeError("it called sys.exit()") from error


def _is_from_signal(traceback: TracebackType | None) -> bool:
    handlers = map(signal.getsignal, signal.valid_signals())
    codes = {getattr(handler, "__code__", None) for handler in handlers}
    while traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


class _Interrupt(KeyboardInterrupt):
    """Database drivers clean up after a KeyboardInterrupt, and no ``except Exception`` stops it."""


def call(function: Callable[[], T], *, limit: timedelta = LIMIT) -> T:
    """Call a function; raise TimeoutError if it takes too long, where it can be interrupted.

    That is in the main thread on Unix, so in ``migrate`` and the other commands, in a forked Celery
    worker and in a synchronous web worker. In other threads nothing can interrupt a Python function.
    """
    if not _takes_alarm():
        return function()
    try:
        signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
        try:
            return function()
        finally:  # which the signal may still interrupt
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _Interrupt:
        raise TimeoutError(f"it takes longer than {limit.total_seconds():g} s") from None
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _interrupt(*_: Any) -> None:
    raise _Interrupt


def _takes_alarm() -> bool:
    """Install the handler, unless the host uses the alarm or another greenlet would be interrupted."""
    if (
        not hasattr(signal, "SIGALRM")
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        or signal.getitimer(signal.ITIMER_REAL)[0] != 0
        or {"gevent", "eventlet"} & sys.modules.keys()
    ):
        return False
    try:
        signal.signal(signal.SIGALRM, _interrupt)
    except ValueError:  # a subinterpreter
        return False
    # mod_wsgi ignores the call: without a handler the alarm would kill the process.
    return signal.getsignal(signal.SIGALRM) is _interrupt
