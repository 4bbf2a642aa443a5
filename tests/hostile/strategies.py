"""What nobody means to write, and somebody does: values for settings, texts for facts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

USUAL = 8
EFFORT = int(
    os.environ.get("TEST_HYPOTHESIS", "1")
)  # how many times as many examples, then of all kinds


def examples(count: int) -> settings:
    """How much a test tries.

    The same examples in every usual run: a defect is found by whoever makes it, not by whoever comes later.
    """
    return settings(
        derandomize=EFFORT == 1,
        database=None,
        deadline=None,
        max_examples=count * EFFORT,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


moderate = examples(USUAL)


@contextmanager
def undone() -> Iterator[None]:
    """Leave nothing in the database for the next example."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # as in Django's TestCase: no transaction of a host
    with atomic:
        yield
        transaction.set_rollback(True)


NASTY = [
    "<script>alert(1)</script>",
    "'; DROP TABLE usage_metrics_report; --",
    '{"idsite": 1, "events": [{"category": "\\u0000"}]}',
    "nul\x00 bell\x07 escape\x1b[31m newline\r\nX-Injected: 1",
    "lone \ud800 and \udfff",
    "\u202eevil\u2066 right to left\u2069",
    "%(value)s %s {0} ${x} {{ 7 }}",
    "é ü 漢字 \U0001f40d \U0010ffff \ufffe",
    "x" * 1_000_000,
    "\U0001f40d" * 300,
    " ",
    "a & b &amp; \"c\" 'd'",
]

texts = st.sampled_from(NASTY) | st.text(st.characters(), max_size=300)


class Grumpy:
    """An object that raises at whatever is done to it."""

    def _raise(self, *_: object) -> None:
        raise RuntimeError("not \x00 this \ud800 object")

    __repr__ = __str__ = __bool__ = __len__ = __iter__ = __eq__ = __hash__ = _raise
    __getitem__ = __call__ = keys = items = _raise


class Mute(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise self


def fail(*_: object) -> None:
    raise Mute


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), float("nan"), float("inf"), 1e308, 0, 0.0]),
    st.floats(),
    texts,
    st.binary(max_size=20),
    st.timedeltas(),
    st.sampled_from([timedelta.max, timedelta.min, timedelta(0)]),
    st.datetimes(),
    st.decimals(),
    st.builds(Grumpy),
    st.sampled_from(
        [fail, object, Grumpy, "nowhere.to.be.found", "metric_collection.conf.settings"]
    ),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(texts | st.integers() | st.none(), inner, max_size=4),
        st.frozensets(texts, max_size=3),
    ),
    max_leaves=8,
)
