from __future__ import annotations

import pytest

from metric_collection.cleaninsights.backoff import retry_delay


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (9, 2560), (10, 3600), (100_000, 3600)]
)
def test_the_delay_doubles_with_each_failure_up_to_the_cap(failures, seconds):
    assert retry_delay(failures, timeout=5, max_retry_delay=3600) == seconds


@pytest.mark.parametrize(("jitter", "seconds"), [(0, 3600), (0.5, 2700), (0.999, 1801.8)])
def test_jitter_takes_up_to_half_of_it_away(jitter, seconds):
    delay = retry_delay(50, timeout=5, max_retry_delay=3600, jitter=jitter)
    assert delay == pytest.approx(seconds)
