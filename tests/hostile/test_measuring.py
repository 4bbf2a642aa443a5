"""Whatever is measured, and whatever lies where journals are kept: nothing is raised, nothing blocks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights.payload import decode
from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.measuring.folder import JOURNAL
from metric_collection.measuring.journal import CELL, SIZE, code_of, line
from metric_collection.measuring.meter import Meter
from metric_collection.models import Measurement, Report
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.flushing import Flusher, first_terms, state_folder
from tests.campaigns import daily

from .strategies import anything, examples, moderate, texts, undone

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def product(settings, tmp_path):
    """A product with a campaign of which every day is a period."""
    settings.METRIC_COLLECTION_STATE_FOLDER = tmp_path
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}


@pytest.fixture
def start():
    """Return the meter and the flusher of one more process; all end with the test."""
    meters = []

    def start() -> tuple[Meter, Flusher]:
        meters.append(Meter(first_terms, NOW.timestamp))
        return meters[-1], Flusher(meters[-1], FrozenClock(NOW))

    yield start
    for meter in meters:
        meter.reset()


@moderate
@given(
    calls=st.lists(st.tuples(anything, anything, texts | anything, anything, anything), max_size=5)
)
def test_a_call_with_any_arguments_is_counted_or_ignored(start, calls):
    meter, flusher = start()
    for category, action, campaign_id, name, value in calls:
        meter.measure_event(category, action, "search", name, value)
        meter.measure_event("Search", "Run", campaign_id, value=value)
        meter.measure_visit(category, "search")
        meter.measure_visit(["a", action], campaign_id)
    meter.measure_event("Search", "Run", "search")
    with undone():
        flusher.flush()
        assert not flusher._has_failed
        assert Measurement.objects.exists()
        Collection(clock=FrozenClock(NOW + timedelta(days=1))).seal()
        for report in Report.objects.all():
            assert decode(report.body.encode())
    meter.reset()
    discard_all()


ABSURD = b"[" * 5000 + b"\n"
MOMENTS = [NOW.isoformat(), "2026-06-01T00:00:00", "0001-01-01T00:00:00+14:00", "", 5, None]
KINDS = [
    '["event", "a", "b", null]',
    '["visit", "a/b"]',
    '["visit"]',
    "[]",
    "5",
    '["event", 1, 2, 3]',
]
heads = st.sampled_from(
    [line(NOW.isoformat()), *map(line, MOMENTS[1:2] + MOMENTS[3:]), ABSURD]
) | st.binary(max_size=20)
entries = st.builds(
    lambda *parts: line(list(parts)),
    st.sampled_from(["search", "search", "nowhere", "", 5, None]),
    st.sampled_from(MOMENTS),
    st.sampled_from(MOMENTS),
    st.sampled_from(KINDS),
    st.booleans() | st.none(),
)
tails = st.lists(entries | st.sampled_from([ABSURD, b"\n"]) | st.binary(max_size=20), max_size=4)
cells = st.builds(
    CELL.pack, st.floats(), st.integers(0, 2**64 - 1) | st.integers(1, 9).map(code_of)
)


@examples(50)
@given(begin=st.lists(cells, max_size=5), head=heads, tail=tails)
def test_broken_journals_do_not_block_others(start, begin, head, tail):
    meter, flusher = start()
    meter.measure_event("Search", "Run", "search")
    content = b"".join(begin).ljust(SIZE, b"\0") + head + b"".join(tail)
    (state_folder().path / ("0" * 32 + JOURNAL)).write_bytes(content)
    with undone():
        flusher.flush()
        assert not flusher._has_failed
        counted = Measurement.objects.filter(identity='["event", "Search", "Run", null]')
        assert counted.get().times == 1
    meter.reset()
    discard_all()


def discard_all() -> None:
    """Leave no journal for the next example."""
    for path in state_folder().path.glob("*"):
        path.unlink()
