"""How long a piece of work took, in ms: of the processor for this process, and of the clock."""

import signal
import time
from collections.abc import Callable
from typing import Any


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Do the work once."""
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    work()
    return {
        "cpu": (time.process_time_ns() - cpu) / 1e6,
        "wall": (time.perf_counter_ns() - wall) / 1e6,
    }


class TimeIsUp(BaseException):
    """Nothing that the work itself would catch."""


def timed_until(cap: float, work: Callable[[], object]) -> dict[str, float]:
    """Do the work once, or as much of it as can be done in `cap` seconds."""
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, cap)
    try:
        return {**timed(work), "cut": False}
    except TimeIsUp:
        return {"wall": cap * 1000, "cut": True}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def ring(*_: Any) -> None:
    raise TimeIsUp
