from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.clock import epoch_seconds, utc_now


def test_the_real_clock_is_in_utc():
    assert utc_now().tzinfo is timezone.utc
    assert abs(utc_now() - datetime.now(timezone.utc)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (datetime(2023, 12, 1, 3, tzinfo=timezone.utc), 1701399600),
        (datetime(2023, 12, 1, 3, 0, 0, 999_999, tzinfo=timezone.utc), 1701399600),
        (datetime(2023, 12, 1, 4, tzinfo=timezone(timedelta(hours=1))), 1701399600),
        (datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=timezone.utc), -1),
    ],
)
def test_epoch_seconds_are_whole_and_rounded_down(moment, seconds):
    assert epoch_seconds(moment) == seconds
