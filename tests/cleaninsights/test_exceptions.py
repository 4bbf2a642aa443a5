from __future__ import annotations

import inspect
import re

import pytest

from metric_collection.cleaninsights import exceptions


def classes():
    found = inspect.getmembers(exceptions, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, Exception)}


def test_the_tree_at_the_top_is_the_tree_of_the_classes():
    lines = re.findall(
        r"^([│ ]*[├└]── )?(\w+)(?: .*)?$", exceptions.__doc__.split("\n\n", 1)[1], re.M
    )
    parents: list[str] = []
    drawn = {}
    for branch, name in lines:
        depth = len(branch) // 4
        drawn[name] = parents[depth - 1] if depth else "Exception"
        parents[depth:] = [name]
    assert drawn == {name: kind.__base__.__name__ for name, kind in classes().items()}


@pytest.mark.parametrize(
    ("found", "shown"), [(0, "0"), ("a", "'a'"), (exceptions.MISSING, "missing")]
)
def test_an_unexpected_value_is_shown_with_its_path_and_the_expected_one(found, shown):
    error = exceptions.UnexpectedValue("campaigns.t.end", found, "text")
    assert str(error) == f"campaigns.t.end: {shown}, expected text"
    assert (error.path, error.found, error.expected) == ("campaigns.t.end", found, "text")


def test_a_long_value_is_cut_in_the_message():
    assert len(str(exceptions.PayloadError("body", "x" * 10_000, "text"))) < 110
