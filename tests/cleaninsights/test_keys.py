from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights.exceptions import ConfigurationError
from metric_collection.cleaninsights.keys import BOOLEAN, MOMENT, Keyed, whole_number

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Keyed):
    first_number: int = field(metadata=whole_number("a whole number"))
    is_last: bool = field(metadata=BOOLEAN, default=False)


def test_keys_are_the_fields_in_camel_case():
    assert Pair.from_dict({"firstNumber": -1, "isLast": True}) == Pair(
        first_number=-1, is_last=True
    )


@pytest.mark.parametrize("key", ["first_number", "firstnumber", 1])
def test_a_key_that_nobody_knows_is_refused(key):
    with pytest.raises(ConfigurationError, match="expected no other keys than firstNumber, isLast"):
        Pair.from_dict({"firstNumber": 1, key: 2})


@given(MOMENTS)
def test_iso_8601_as_python_writes_it_is_read(moment):
    assert MOMENT["read"](moment) == MOMENT["read"](moment.isoformat()) == moment
