"""``python session.py STEP…``: what happens on an operator's machine, without a start of Django for each.

A step is a command line, which gets a process of its own, or source that runs in this one, as the product
itself does meanwhile. The last line printed is JSON: the exit codes of the command lines.
"""

# ruff: noqa: PLC0415  Django has to be set up first

from __future__ import annotations

import json
import os
import runpy
import shlex
import sys
import traceback
from collections.abc import Sequence
from datetime import timedelta

import django


def type_in(line: str) -> int:
    """Run a line such as ``DO_NOT_TRACK=1 manage.py check`` in a child, and return its exit code."""
    words = shlex.split(line)
    start = next(at for at, word in enumerate(words) if word.endswith(".py"))
    child = os.fork()
    if child == 0:
        os.environ.update(word.split("=", 1) for word in words[:start] if word != "python")
        os._exit(code_of(words[start:]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def code_of(words: Sequence[str]) -> int:
    """Run a script with these arguments, and return the code with which it would have exited."""
    sys.argv = list(words)
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def is_command_line(step: str) -> bool:
    """Whether a step is a line for a shell, not source."""
    return "manage.py" in step or step.startswith("python ")


def meanwhile(source: str) -> None:
    """Run source, and leave no connection to the children to come."""
    from django.db import connections

    exec(source, {"a_day_later": a_day_later})
    connections.close_all()


def a_day_later() -> None:
    """Let a heartbeat fall due, and the periods of campaigns end."""
    from metric_collection.cleaninsights.clock import utc_now
    from metric_collection.reporting.collection import Collection
    from metric_collection.reporting.delivery import Delivery
    from metric_collection.reporting.flushing import flusher

    def clock():
        return utc_now() + timedelta(days=2)

    Collection(clock=clock).heartbeat()
    flusher.flush()
    Collection(clock=clock).seal()
    Delivery(clock=clock).deliver()


def main(steps: Sequence[str]) -> None:
    """Take the steps, one after the other."""
    django.setup()
    codes = []
    for step in steps:
        if is_command_line(step):
            codes.append(type_in(step))
        else:
            meanwhile(step)
    sys.stdout.write(f"\n{json.dumps(codes)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
