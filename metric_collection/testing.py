"""For the tests of products: they fail if this app writes or sends anything.

With pytest, ``pytest_plugins = ["metric_collection.testing"]`` in the conftest.py beside the settings, and
``usefixtures = ["silent_metrics"]`` in the configuration or a mark; with unittest, SilentMetricsMixin.
"""

from __future__ import annotations

import sys
import unittest
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from .proof import Write

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
    found = [*map(str, filter(is_added, seen.written)), *seen.tried]
    if found:
        raise AssertionError(f"metric_collection was not silent in {test}: {counted(found)}")


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


def is_added(write: Write) -> bool:
    """Whether a statement adds to a table of this app."""
    tables = {model._meta.db_table for model in apps.get_app_config("usage_metrics").get_models()}
    return write.verb in ADDING and write.table in tables


def is_ours() -> bool:
    """Whether this app is connecting, and not its database, which may be on another machine."""
    for name in calling(sys._getframe(1)):
        if name.startswith("django.db."):
            return False
        if name.startswith(REACHING_OUT):
            return True
    return False


def calling(frame: FrameType | None) -> Iterator[str]:
    """Yield the modules of all callers, the nearest first."""
    while frame is not None:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back


def counted(found: Iterable[str]) -> str:
    """List each thing once, with its number."""
    return "; ".join(f"{what} ({times}x)" for what, times in Counter(found).items())
