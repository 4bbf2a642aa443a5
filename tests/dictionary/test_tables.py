from __future__ import annotations

from metric_collection.dictionary.tables import aligned, table


def test_pairs_are_aligned():
    assert aligned([("Queue", "1"), ("Recipient", "a.example")]) == [
        "Queue:     1",
        "Recipient: a.example",
    ]
    assert aligned([]) == []


def test_columns_are_as_wide_as_their_cells():
    assert table(["A", "B"], [["long", ""], ["c", "d"]], width=80) == [
        "A     B",
        "----  -",
        "long",
        "c     d",
    ]


def test_the_widest_columns_are_wrapped_to_the_width():
    lines = table(
        ["Name", "Description"], [["os_version", "Name and version of the system."]], width=24
    )
    assert lines == [
        "Name        Description",
        "----------  ------------",
        "os_version  Name and",
        "            version of",
        "            the system.",
    ]


def test_a_terminal_that_is_too_narrow_wraps_at_a_minimum():
    assert max(map(len, table(["A", "B"], [["a" * 40, "b" * 40]], width=5))) == 18
