"""Tables for a terminal, as plain text."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from textwrap import fill, wrap
from typing import Final

GAP: Final = "  "
NARROWEST: Final = 8  # characters of a column


def aligned(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return ``label: text`` for each pair, with the texts in one column."""
    width = max((len(label) for label, _text in pairs), default=0) + 1
    return [f"{f'{label}:':{width}} {text}" for label, text in pairs]


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, width: int | None = None
) -> list[str]:
    """Return the lines of a table that fits the terminal; cells of the widest columns are wrapped."""
    cells = [list(header), *map(list, rows)]
    columns = [max(1, *map(len, column)) for column in zip(*cells, strict=True)]
    room = (width or shutil.get_terminal_size().columns) - len(GAP) * (len(columns) - 1)
    while sum(columns) > room and max(columns) > NARROWEST:
        columns[columns.index(max(columns))] -= 1
    lines: list[str] = []
    for number, row in enumerate(cells):
        wrapped = [wrap(text, size) for text, size in zip(row, columns, strict=True)]
        for parts in zip_longest(*wrapped, fillvalue=""):
            line = GAP.join(f"{part:{size}}" for part, size in zip(parts, columns, strict=True))
            lines.append(line.rstrip())
        if number == 0:
            lines.append(GAP.join("-" * size for size in columns))
    return lines


def wrapped(text: str) -> str:
    """Wrap a paragraph to the width of the terminal."""
    return fill(text, shutil.get_terminal_size().columns)
