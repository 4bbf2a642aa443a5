"""A journal: what one process has counted since it began it, a cell for each count.

The cells lie in memory that is mapped from a file, where the kernel keeps them when the process is
killed. Behind them in the file stand lines of JSON: the first says when the journal was begun, and
each further one what is counted under the next number.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..cleaninsights.datapoints import DataPoint, Event, identity_of, point_of

CELLS: Final = 16_384
CELL: Final = struct.Struct("<dQ")  # sum of values, code: last, or a kill could tear it
SIZE: Final = CELLS * CELL.size
pack: Final = CELL.pack  # bound once, as binding takes longer than packing
NUMBER_BITS: Final = 16  # of a code; the others hold how many times it is counted
NUMBER_MASK: Final = (1 << NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is counted under a number, and whether each count comes with a value."""

    point: DataPoint
    valued: bool


def code_of(number: int, *, times: int = 1) -> int:
    """Return what a cell says beside its value: what is counted, and how many times."""
    return times << NUMBER_BITS | number


def cell(number: int, *, value: float = 0.0, times: int = 1) -> bytes:
    """Return the cell that counts `times`; `value` is the sum of their values."""
    return pack(value, code_of(number, times=times))


def nothing() -> None:
    """Leave it as it is."""


class Journal:
    """A journal in memory, or in a file whose descriptor it then owns.

    A cell is written by one call into C, which no other thread can interrupt: `write` needs no
    lock. It raises ValueError once the journal is full or closed.
    """

    def __init__(
        self,
        key: str,
        begun: datetime,
        *,
        entries: list[Entry],
        file: int | None = None,
        remove: Callable[[], None] = nothing,
    ) -> None:
        self.key = key
        self.begun = begun
        self.entries = entries
        self._file = file
        self._remove = remove
        self._cells = mmap.mmap(-1 if file is None else file, SIZE)
        self.write = self._cells.write

    @classmethod
    def create(cls, key: str, begun: datetime, file: int, remove: Callable[[], None]) -> Journal:
        """Begin a journal in a new file; every page is written, lest a full disk kill the process."""
        write_whole(file, bytes(SIZE))
        write_whole(file, line(begun.isoformat()))
        return cls(key, begun, entries=[], file=file, remove=remove)

    @classmethod
    def open(cls, key: str, file: int, remove: Callable[[], None]) -> Journal:
        """Take up the journal of a process that has ended; ValueError if it is none."""
        size = os.fstat(file).st_size
        first, *others = os.pread(file, size, SIZE).splitlines(keepends=True) or [b""]
        begun = moment(json.loads(first))
        entries = [entry(json.loads(text)) for text in others if text.endswith(b"\n")]
        return cls(key, begun, entries=entries, file=file, remove=remove)

    def define(self, entry: Entry) -> int:
        """Return the number under which something new is counted."""
        if self._file is not None:
            write_whole(self._file, line(described(entry)))
        self.entries.append(entry)
        return len(self.entries)

    def close(self) -> None:
        """Take no more counts: whoever writes from now on finds the journal full."""
        self._cells.seek(0, os.SEEK_END)

    def counts(self) -> Iterator[DataPoint]:
        """Return what was counted; the value is the sum of the values."""
        for number, (times, total) in self._sums().items():
            counted = self.entries[number - 1]
            if counted.valued and isinstance(counted.point, Event):
                yield replace(counted.point, times=times, value=total)
            else:
                yield replace(counted.point, times=times)

    def rewrite(self, fresh: Journal) -> None:
        """Count into an empty journal, under the same numbers, what was counted here."""
        for known in self.entries:
            fresh.define(known)
        for number, (times, total) in self._sums().items():
            fresh.write(cell(number, value=total, times=times))

    def discard(self) -> None:
        """Forget all that was counted."""
        self._remove()
        self.release()

    def release(self) -> None:
        """Let go of memory and file, and so of the lock on the file."""
        self._cells.close()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _sums(self) -> dict[int, tuple[int, float]]:
        """Return number -> times and sum of values; a power failure may have cost an entry, or torn a cell."""
        sums: dict[int, tuple[int, float]] = {}
        for code, values in values_by_code(self._cells[:]).items():
            number, times = code & NUMBER_MASK, code >> NUMBER_BITS
            if times and 0 < number <= len(self.entries) and math.isfinite(sum(values)):
                before, total = sums.get(number, (0, 0.0))
                sums[number] = before + times * len(values), total + sum(values)
        return sums


def values_by_code(cells: bytes) -> dict[int, list[float]]:
    """Return the values of all cells up to the first that holds no code."""
    values: defaultdict[int, list[float]] = defaultdict(list)
    end = bisect_left(range(CELLS), x=True, key=lambda at: not code_at(at, cells))
    for value, code in CELL.iter_unpack(cells[: end * CELL.size]):
        values[code].append(value)  # the cheapest that can be done with each of thousands
    return values


def code_at(index: int, cells: bytes) -> int:
    """Return the code in a cell, 0 where none has been written."""
    code: int = CELL.unpack_from(cells, index * CELL.size)[1]
    return code


def line(content: Any) -> bytes:
    """Return JSON on a line of its own."""
    return json.dumps(content).encode() + b"\n"


def described(entry: Entry) -> list[Any]:
    """Return an entry as JSON has it."""
    point = entry.point
    period = point.period_start.isoformat(), point.period_end.isoformat()
    return [point.campaign_id, *period, identity_of(point), entry.valued]


def entry(found: list[Any]) -> Entry:
    """Return an entry that `described` has described."""
    campaign_id, start, end, identity, valued = found
    point = point_of(
        identity,
        campaign_id=campaign_id,
        period_start=moment(start),
        period_end=moment(end),
        times=0,
        value=None,
    )
    return Entry(point=point, valued=valued)


def moment(text: str) -> datetime:
    """Return a moment that can be compared with any other, or raise ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return found


def write_whole(file: int, content: bytes) -> None:
    """Append all of `content`, or raise OSError and leave the file as it was."""
    size = os.fstat(file).st_size
    try:
        while content:
            content = content[os.write(file, content) :]
    except OSError:
        os.ftruncate(file, size)
        raise
