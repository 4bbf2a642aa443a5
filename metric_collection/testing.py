"""For the tests of products: they fail if this app writes or sends anything.

With pytest, ``pytest_plugins = ["metric_collection.testing"]`` in the conftest.py beside the settings, and
``usefixtures = ["silent_metrics"]`` in the configuration or a mark; with unittest, SilentMetricsMixin.
"""

from __future__ import annotations

import sys
import unittest
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from django.apps import apps

REACHING_OUT = tuple(
    f"metric_collection.{name}" for name in ("cleaninsights", "receivers", "reporting", "tasks")
)
ADDING = frozenset({"INSERT", "REPLACE", "UPDATE"})  # Django deletes rows after a test


@contextmanager
def silence(test: str = "this block") -> Iterator[None]:
    """Keep this app from connecting; raise AssertionError at the end if it tried to, or wrote rows."""
    from .proof import witnessing  # noqa: PLC0415  models are there when a test begins, not before

    with witnessing(refuses=is_ours) as seen:
        yield
    tables = {model._meta.db_table for model in apps.get_app_config("usage_metrics").get_models()}
    added = [str(each) for each in seen.written if each.verb in ADDING and each.table in tables]
    if found := Counter([*added, *seen.tried]):
        each_once = "; ".join(f"{act} ({times}x)" for act, times in found.items())
        raise AssertionError(f"metric_collection was not silent in {test}: {each_once}")


class SilentMetricsMixin(unittest.TestCase):
    """For a TestCase, as its first base: each of its tests fails if this app writes or sends anything."""

    def setUp(self) -> None:
        super().setUp()
        silent = silence(self.id())
        silent.__enter__()
        self.addCleanup(silent.__exit__, None, None, None)


with suppress(ImportError):  # unittest alone will do
    import pytest

    @pytest.fixture
    def silent_metrics(request: pytest.FixtureRequest) -> Iterator[None]:
        """Fail the test if metric_collection writes or sends anything."""
        with silence(request.node.nodeid):
            yield


def is_ours() -> bool:
    """Whether this app is connecting, and not its database, which may be on another machine."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:  # the nearest caller first
        name = frame.f_globals.get("__name__", "")
        if name.startswith("django.db."):
            return False
        if name.startswith(REACHING_OUT):
            return True
        frame = frame.f_back
    return False
