"""``python -m tests.soak --help``: simulate a fleet, and report the outcome."""

# ruff: noqa: PLC0415  what needs Django to be set up is imported late

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import time
from datetime import timedelta

import django

from metric_collection.cleaninsights.testing import FrozenClock

from .collector import collecting
from .verdict import Verdict

DAY = timedelta(days=1)


def main() -> int:
    """Exit with 1 if a report was lost or altered, or all installations reported at once."""
    if sys.argv[1:2] == ["collector"]:
        from . import receiving

        return receiving.main(sys.argv[2:])
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "NO_PROXY": "127.0.0.1"}
    django.setup()
    logging.getLogger("metric_collection").setLevel(logging.ERROR)  # a warning for each fault
    chosen = parser().parse_args()
    began = time.monotonic()
    verdict = lived(chosen)
    sys.stdout.write("\n".join([*verdict.lines(), f"{time.monotonic() - began:.0f} s", ""]))
    return 0 if verdict.is_good(chosen.peak) else 1


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    add = parser.add_argument
    add("--installations", type=int, default=1000)
    add("--days", type=int, default=30)
    add(
        "--scattered", action="store_true", help="installed in the course of a day, not of a minute"
    )
    add("--peak", type=float, default=1.5, help="how many times the mean the busiest hour may be")
    add("--seed", type=int, default=1, help="of chance: of offsets, of faults, of backoff")
    return parser


def lived(chosen: argparse.Namespace) -> Verdict:
    """Simulate so many days; reports that failed in the last minutes are still queued then."""
    from django.test import override_settings

    from .fleet import Fleet, scattered, together

    random.seed(chosen.seed)
    clock = FrozenClock("2027-03-01T12:00:00Z")
    begin = clock()
    install = scattered if chosen.scattered else together
    fleet = Fleet(clock=clock)
    with (
        collecting(chosen.seed) as collector,
        override_settings(
            METRIC_COLLECTION_COLLECTOR_URL=collector.url,
            METRIC_COLLECTION_SEND_IN_DEVELOPMENT=True,
        ),
    ):
        fleet.install(install(chosen.installations, begin))
        fleet.live(begin + DAY * chosen.days)
        return Verdict.of(fleet, collector, begin=begin)


if __name__ == "__main__":
    sys.exit(main())
