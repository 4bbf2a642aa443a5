"""The figures as a person reads them, and as a program does."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from .rows import Figure, Row

VERDICTS = {True: "ok", False: "MISSED", None: ""}
HEADINGS = ("", "ours", "peer", "ratio", "aim", "")
LINE = "{:<52}{:>10}{:>10}{:>10}   {:<13}{}"


def lines(rows: Iterable[Row]) -> list[str]:
    """A table with a heading for each subject."""
    table = [LINE.format(*HEADINGS).rstrip()]
    for subject, figures in groupby(rows, key=lambda row: row.subject):
        table += ["", subject, *(line(row) for row in figures)]
    return table


def line(row: Row) -> str:
    """One row of the table."""
    words = row.aim.words if row.aim else ""
    cells = (f"  {row.what}", str(row.ours), str(row.peer), row.ratio, words, VERDICTS[row.is_met])
    return LINE.format(*cells).rstrip()


def as_json(row: Row) -> dict[str, Any]:
    """The same row for a program."""
    return {
        "subject": row.subject,
        "what": row.what,
        "ours": figure(row.ours),
        "peer": figure(row.peer),
        "ratio": row.ratio or None,
        "aim": row.aim.words if row.aim else None,
        "met": row.is_met,
    }


def figure(figure: Figure) -> dict[str, Any]:
    """A number, and whether it would have been more without the cap."""
    return {"number": round(figure.number, 6), "cut": figure.cut}
