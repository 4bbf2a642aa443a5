from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.campaigns import Campaign
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.measuring.folder import Folder
from metric_collection.measuring.journal import SIZE

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def daily(**changes) -> Campaign:
    usual = {"start": START, "end": START + 365 * DAY, "aggregation_period_length": 1}
    return Campaign(**{**usual, "number_of_periods": 365, **changes})


def event(action="Open", **changes) -> Event:
    period = {"campaign_id": "search", "period_start": START, "period_end": START + DAY}
    return Event(category="Search", action=action, **{**period, "times": 0, **changes})


@contextmanager
def disk_limit(size: int) -> Iterator[None]:
    """Limit the size of every file, as a test cannot fill the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def full_disk():
    """A block in which a journal takes some lines more, and no new one can be begun."""
    return disk_limit(SIZE + 2_000)


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "journals")
