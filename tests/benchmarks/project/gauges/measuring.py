"""What it costs to count, and what becomes of what was counted."""

import base64
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from .counters import COUNTERS, NAMES, LockedDict

THREADS = 8
TASKS = Path("/proc/self/task")
HEAVY = ("requests", "celery")


def measure(*, counter: str, story: str, **arguments: Any) -> dict[str, Any]:
    django.setup()
    found: dict[str, Any] = STORIES[story](COUNTERS[counter](), **arguments) or {}
    return found


def cost(counter: Any, *, calls: int, valued: bool) -> dict[str, float]:
    """One thread, beside a locked dict in the same process: ns of the processor for a call."""
    count = counter.values if valued else counter.events
    count(len(NAMES))
    return {"floor": timed(LockedDict().events, calls), "call": timed(count, calls)}


def timed(count: Callable[[int], object], calls: int) -> float:
    began = time.thread_time_ns()
    count(calls)
    return (time.thread_time_ns() - began) / calls


def threads(counter: Any, *, calls: int) -> dict[str, float]:
    """Eight threads at once, each call timed: the slowest but one in a hundred, in µs."""
    times: list[int] = []
    gate = threading.Barrier(THREADS)

    def work() -> None:
        mine = []
        gate.wait()
        for _ in range(calls // THREADS // len(NAMES)):
            for name in NAMES:
                began = time.perf_counter_ns()
                counter.event(name)
                mine.append(time.perf_counter_ns() - began)
        times.extend(mine)

    counter.event(NAMES[0])
    crowd = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return {"p99": sorted(times)[len(times) * 99 // 100] / 1000}


def wire(counter: Any, *, calls: int) -> dict[str, int]:
    """Count and flush: memory in kB, what the first call loads included; threads beside the main one."""
    before = resident()
    counter.events(calls)
    memory = resident() - before
    counter.flush()
    return {"memory": memory, "threads": len(list(TASKS.iterdir())) - 1}


def resident() -> int:
    """The kB in use; Linux tells them exactly in this file only."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def leave(counter: Any, *, calls: int) -> dict[str, float]:
    """Count, and let the process end as it likes."""
    counter.events(calls)
    return {"end": time.monotonic()}


def die(counter: Any, *, calls: int) -> None:
    """Count, and be killed."""
    counter.events(calls)
    os.kill(os.getpid(), signal.SIGKILL)


def flush(counter: Any, *, calls: int) -> None:
    """Count, maybe nothing, and flush."""
    counter.events(calls)
    counter.flush()


def arrived(counter: Any, *, bodies: list[str]) -> dict[str, int]:
    """How many events these bodies carry."""
    return {"arrived": counter.arrived([base64.b64decode(body) for body in bodies])}


def imported(_counter: Any) -> dict[str, int]:
    """What of the heavy is loaded once one can count."""
    return {"heavy": sum(name in sys.modules for name in HEAVY)}


STORIES: dict[str, Callable[..., Any]] = {
    story.__name__: story for story in (cost, threads, wire, leave, die, flush, arrived, imported)
}
