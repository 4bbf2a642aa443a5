"""``python session.py STEP…``: do in one process what an operator does in many.

A step is a command line, or an expression of `then`. The last line printed is JSON: their exit codes.
"""

# ruff: noqa: PLC0415  Django is set up by the first step

from __future__ import annotations

import json
import os
import runpy
import shlex
import sys
from datetime import timedelta


def type_in(line: str) -> int:
    """Run a line such as ``DO_NOT_TRACK=1 manage.py check`` and return its exit code."""
    words = shlex.split(line)
    start = words.index("manage.py")
    before = dict(os.environ)
    os.environ |= dict(word.split("=", 1) for word in words[:start])
    sys.argv = words[start:]
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        os.environ.clear()
        os.environ |= before
    return 0


def a_day_later() -> None:
    """Let the next heartbeat fall due, and the periods of campaigns end."""
    from metric_collection.cleaninsights.clock import utc_now
    from metric_collection.collection import Collection
    from metric_collection.delivery import Delivery
    from metric_collection.flushing import flusher

    def clock():
        return utc_now() + timedelta(days=2)

    Collection(clock=clock).beat()
    flusher.flush()
    Collection(clock=clock).seal()
    Delivery(clock=clock).deliver()


def then(source: str) -> int:
    """Run what the product itself does meanwhile."""
    exec(source, {"a_day_later": a_day_later})
    return 0


if __name__ == "__main__":
    codes = [type_in(step) if "manage.py" in step else then(step) for step in sys.argv[1:]]
    sys.stdout.write(f"\n{json.dumps(codes)}\n")
