"""For the tests of products that have this app: they fail when it writes or sends anything.

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
    f"metric_collection.{name}" for name in ("cleaninsights", "delivery", "receivers", "tasks")
)
ADDING = frozenset({"INSERT", "REPLACE", "UPDATE"})  # what empties tables is Django, after a test


@contextmanager
def silence(test: str = "this block") -> Iterator[None]:
    """Fail in the end when this app has written rows or tried to connect, which is refused to it."""
    from .proof import witnessing  # noqa: PLC0415  models are there when a test begins, not before

    with witnessing(refuses=is_ours) as seen:
        yield
    found = [*map(str, filter(is_added, seen.written)), *seen.tried]
    if found:
        raise AssertionError(f"metric_collection was not silent in {test}: {counted(found)}")


class SilentMetricsMixin(unittest.TestCase):
    """Put before a TestCase; each of its tests fails when this app writes or sends anything."""

    def setUp(self) -> None:
        super().setUp()
        silent = silence(self.id())
        silent.__enter__()
        self.addCleanup(silent.__exit__, None, None, None)


with suppress(ImportError):  # unittest alone will do
    import pytest

    @pytest.fixture
    def silent_metrics(request: pytest.FixtureRequest) -> Iterator[None]:
        """Fail the test when metric_collection writes or sends anything."""
        with silence(request.node.nodeid):
            yield


def is_added(write: Write) -> bool:
    """Whether a statement puts something into a table of this app."""
    tables = {model._meta.db_table for model in apps.get_app_config("usage_metrics").get_models()}
    return write.verb in ADDING and write.table in tables


def is_ours() -> bool:
    """Whether this app, and no one else in the process, wants to connect; its database may be far away."""
    for name in calling(sys._getframe(1)):
        if name.startswith("django.db."):
            return False
        if name.startswith(REACHING_OUT):
            return True
    return False


def calling(frame: FrameType | None) -> Iterator[str]:
    """List the modules of all callers, the nearest first."""
    while frame is not None:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back


def counted(found: Iterable[str]) -> str:
    """Say each thing once, with how often it was seen."""
    return "; ".join(f"{what} ({times}x)" for what, times in Counter(found).items())
