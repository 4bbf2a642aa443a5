from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.backoff import Backoff, retry_delay

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
CAPS = {"timeout": 5, "max_retry_delay": 3600}


def holds(backoff, *, after):
    return backoff.holds(NOW + timedelta(seconds=after), **CAPS)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (9, 2560), (10, 3600), (100_000, 3600)]
)
def test_the_delay_doubles_with_each_failure_up_to_the_cap(failures, seconds):
    assert retry_delay(failures, **CAPS) == seconds


@pytest.mark.parametrize(("jitter", "seconds"), [(0, 3600), (0.5, 3000), (0.999, 2401.2)])
def test_jitter_takes_off_up_to_a_third_and_never_exceeds_the_cap(jitter, seconds):
    assert retry_delay(50, **CAPS, jitter=jitter) == pytest.approx(seconds)


def test_there_is_no_backoff_before_a_failure():
    assert not holds(Backoff(), after=0)


def test_a_failure_holds_back_until_the_delay_is_over():
    once = Backoff().after_failure(NOW)
    assert (holds(once, after=9.999), holds(once, after=10)) == (True, False)
    twice = once.after_failure(NOW)
    assert (holds(twice, after=19.999), holds(twice, after=20)) == (True, False)


def test_a_clock_that_was_set_back_holds_nothing_back():
    assert not holds(Backoff().after_failure(NOW), after=-1)


@pytest.mark.parametrize(("asked", "seconds"), [(3, 10), (100, 100), (1e9, 3600)])
def test_retry_after_is_honoured_up_to_the_cap(asked, seconds):
    backoff = Backoff().after_failure(NOW, asked=asked)
    assert (holds(backoff, after=seconds - 1), holds(backoff, after=seconds)) == (True, False)
