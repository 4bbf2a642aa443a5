"""A month with two beats and eight workers on one database: one Install, one heartbeat in 24 hours."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

DAY = 24 * 3600
EVERY = 120  # minutes between two messages of a beat


@pytest.mark.long
@pytest.mark.thorough
def test_two_beats_and_eight_workers_report_once_in_24_hours(host, collector):
    before = len(collector.arrivals)
    host.django(
        "from metric_collection.models import Report, Snapshot\n"
        "Report.objects.all().delete(), Snapshot.objects.all().delete()"
    )
    ended = host.module("tests.faults.month", str(EVERY))
    assert ended.returncode == 0, ended.stderr
    keys, categories, sealed, states, attempts = zip(
        *json.loads(ended.stdout.splitlines()[-1]), strict=True
    )
    assert categories == ("Install",) + ("Heartbeat",) * (len(categories) - 1)
    assert len(categories) in (30, 31)
    assert all(
        DAY <= later - earlier <= DAY + EVERY * 60 for earlier, later in pairwise(sealed[1:])
    )
    assert set(states) == {"delivered"}
    assert set(attempts) == {1}
    assert [arrival.key for arrival in collector.arrivals[before:]] == list(keys)
