from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.campaigns import Campaign
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.measuring.folder import Folder

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def daily(**changes) -> Campaign:
    usual = {"start": START, "end": START + 365 * DAY, "aggregation_period_length": 1}
    return Campaign(**{**usual, "number_of_periods": 365, **changes})


def event(action="Open", **changes) -> Event:
    period = {"campaign_id": "search", "period_start": START, "period_end": START + DAY}
    return Event(category="Search", action=action, **{**period, "times": 0, **changes})


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "journals")
