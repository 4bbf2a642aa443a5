from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.datapoints import Event, Visit

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
PERIOD = {"period_start": START, "period_end": START + timedelta(days=1)}
EVENT = Event(category="Videos", action="Play", name="Office Space", value=1.5, **PERIOD)
VISIT = Visit(path=("Main", "Settings"), **PERIOD)


def test_an_event_is_the_same_by_category_action_and_name():
    assert EVENT.identity == replace(EVENT, value=3, times=9).identity
    others = [replace(EVENT, category="x"), replace(EVENT, action="x"), replace(EVENT, name=None)]
    assert EVENT.identity not in {other.identity for other in others}


def test_a_visit_is_the_same_by_its_path_as_it_is_sent():
    assert VISIT.identity == "Main/Settings"


@pytest.mark.parametrize("point", [EVENT, VISIT])
def test_points_are_values(point):
    assert point == replace(point)
    assert len({point, replace(point)}) == 1
    with pytest.raises(FrozenInstanceError):
        point.times = 2
