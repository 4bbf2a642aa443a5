from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from metric_collection.cleaninsights.datapoints import Event, Visit, identity_of, point_of
from metric_collection.cleaninsights.exceptions import MeasurementError
from metric_collection.measuring.arguments import are_plain, number, path_of, text
from tests.hostile.strategies import Grumpy

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
PERIOD = {"campaign_id": "search", "period_start": START, "period_end": START + timedelta(days=1)}


@pytest.mark.parametrize(
    "point",
    [
        Event(category="c", action="a", times=2, **PERIOD),
        Event(category="c", action="a", name="", value=1.5, **PERIOD),
        Event(category="\x00", action="\ud800", name="ü", **PERIOD),
        Visit(path=("a", "b"), times=3, **PERIOD),
    ],
)
def test_a_point_comes_back_from_its_identity(point):
    value = getattr(point, "value", None)
    identity = identity_of(point)
    assert identity.isascii()
    assert point_of(identity, times=point.times, value=value, **PERIOD) == point


def test_counts_are_no_part_of_an_identity():
    event = Event(category="c", action="a", **PERIOD)
    assert identity_of(event) == identity_of(replace(event, times=7, value=3.0))


@pytest.mark.parametrize("found", ["", None, 5, b"bytes", ["list"]])
def test_anything_but_a_string_is_refused(found):
    with pytest.raises(MeasurementError):
        text(found)


def test_an_empty_string_is_accepted_where_allowed():
    assert text("", may_be_empty=True) == ""


def test_a_string_is_cut_to_the_length_that_is_sent():
    assert text("x" * 300) == "x" * 255


@pytest.mark.parametrize(("found", "parts"), [("a", ("a",)), (["a", ""], ("a", "")), ((), None)])
def test_a_path_is_one_string_or_several(found, parts):
    if parts is None:
        with pytest.raises(MeasurementError):
            path_of(found)
    else:
        assert path_of(found) == parts


@pytest.mark.parametrize("found", [5, None, "", [""], ["a", 5], "x" * 2001])
def test_an_invalid_path_is_refused(found):
    with pytest.raises(MeasurementError):
        path_of(found)


@pytest.mark.parametrize(
    ("found", "value"), [(2, 2.0), (True, 1.0), (Decimal("0.5"), 0.5), (-3, -3)]
)
def test_anything_that_converts_to_a_number_is_accepted(found, value):
    assert number(found) == value


@pytest.mark.parametrize("read", [number, path_of, text])
def test_an_object_that_raises_anything_is_refused(read):
    with pytest.raises(MeasurementError):
        read(Grumpy())


@pytest.mark.parametrize("arguments", [["a", None, 5, 0.5], [["a", "b"], ("a",)]])
def test_plain_arguments_raise_nothing_of_their_own(arguments):
    assert are_plain(*arguments)


@pytest.mark.parametrize("argument", [Grumpy(), [Grumpy()], Decimal(1), type("S", (str,), {})("")])
def test_other_arguments_may(argument):
    assert not are_plain(argument)


@pytest.mark.parametrize("found", [math.nan, math.inf, -math.inf, 1e200, 10**400, "5", None, []])
def test_values_that_cannot_be_summed_up_are_refused(found):
    with pytest.raises(MeasurementError):
        number(found)
