"""A journal: the counts of one process since it began the journal, one cell for each count.

The cells lie in memory mapped from a file, where the kernel keeps them when the process is killed.
Lines of JSON follow them in the file: the first one says when the journal was begun, and each
further one defines what is counted under a number.
"""

from __future__ import annotations

import json
import math
import mmap
import os
import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ..cleaninsights.datapoints import DataPoint, Event, aware, key_of, point_of_key

CELLS: Final = 16_384
CELL: Final = struct.Struct("<dQ")  # sum of values, code: last, or a kill could tear it
SIZE: Final = CELLS * CELL.size
pack: Final = CELL.pack  # bound once, as binding takes longer than packing
NUMBER_BITS: Final = 16  # of a code; the others hold how many times it is counted
NUMBER_MASK: Final = (1 << NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A point that is counted under a number, and whether each count has a value."""

    point: DataPoint
    valued: bool


def code_of(number: int, *, times: int = 1) -> int:
    """Return the second part of a cell: the number of an entry, and how many times it is counted."""
    return times << NUMBER_BITS | number


def cell(number: int, *, value: float = 0.0, times: int = 1) -> bytes:
    """Return the cell that counts `times`; `value` is the sum of their values."""
    return pack(value, code_of(number, times=times))


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
        cells: mmap.mmap | None = None,
        entries: Iterable[tuple[int, Entry]] = (),
        file: int | None = None,
        remove: Callable[[], bool] | None = None,
    ) -> None:
        self.key = key
        self.begun = begun
        self._entries = dict(entries)
        self._numbers = {entry: number for number, entry in self._entries.items()}
        self._file = file
        self._remove = remove
        self._cells = mmap.mmap(-1, SIZE) if cells is None else cells
        self.write = self._cells.write

    @classmethod
    def create(cls, key: str, begun: datetime, file: int, remove: Callable[[], bool]) -> Journal:
        """Begin a journal in a new file.

        Every cell is written first: a store into a page without a block on the disk would raise
        SIGBUS when the disk is full.
        """
        write_whole(file, bytes(SIZE))
        write_whole(file, line(begun.isoformat()))
        return cls(key, begun, cells=mmap.mmap(file, SIZE), file=file, remove=remove)

    @classmethod
    def open(cls, key: str, file: int, remove: Callable[[], bool]) -> Journal:
        """Open the journal of a process that has ended, or raise ValueError if it is broken.

        It is read into memory, not mapped: that takes one descriptor less, and truncating the file
        does no harm.
        """
        first, *others = os.pread(file, os.fstat(file).st_size, SIZE).splitlines(keepends=True) or [
            b""
        ]
        begun = aware(json.loads(first))
        cells = mmap.mmap(-1, SIZE)
        cells[:] = os.pread(file, SIZE, 0)
        entries = [defined(json.loads(text)) for text in others if text.endswith(b"\n")]
        return cls(key, begun, cells=cells, entries=entries, file=file, remove=remove)

    def __len__(self) -> int:
        """The number of different things that are counted."""
        return len(self._entries)

    @property
    def points(self) -> Iterator[DataPoint]:
        """The points of all entries."""
        return (entry.point for entry in self._entries.values())

    def number(self, entry: Entry) -> int | None:
        """Return the number of an entry, None if it has to be defined first."""
        return self._numbers.get(entry)

    def define(self, entry: Entry) -> int:
        """Return the number of a new entry; raises OSError if it cannot be written.

        The line holds the number, so that a line that was written in vain shifts no other.
        """
        number = len(self._entries) + 1
        if self._file is not None:
            write_whole(self._file, line([number, entry.valued, *key_of(entry.point)]))
        self._entries[number] = entry
        self._numbers[entry] = number
        return number

    def close(self) -> None:
        """Take no more counts: any further write finds the journal full."""
        self._cells.seek(0, os.SEEK_END)

    def counts(self) -> Iterator[DataPoint]:
        """Return the points that were counted; the value is the sum of the values."""
        for number, (times, total) in self._sums().items():
            counted = self._entries[number]
            if counted.valued and isinstance(counted.point, Event):
                yield replace(counted.point, times=times, value=total)
            else:
                yield replace(counted.point, times=times)

    def rewrite(self, fresh: Journal) -> None:
        """Copy entries and sums into an empty journal, under the same numbers."""
        for known in self._entries.values():
            fresh.define(known)
        for number, (times, total) in self._sums().items():
            fresh.write(cell(number, value=total, times=times))

    def disown(self) -> None:
        """Keep the file when this is discarded: it belongs to another journal now."""
        self._remove = None

    def discard(self) -> bool:
        """Delete all that was counted; False if the file may still be there."""
        is_gone = self._remove() if self._remove else True
        self.release()
        return is_gone

    def release(self) -> None:
        """Release memory and file, and with it the lock on the file."""
        self._cells.close()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _sums(self) -> dict[int, tuple[int, float]]:
        """Return number -> times and sum of values; a power failure may have cost an entry, or torn a cell."""
        cells = self._cells[:]
        # Cells are written in order: the first one without a code ends them.
        end = bisect_left(
            range(CELLS), x=True, key=lambda at: not CELL.unpack_from(cells, at * CELL.size)[1]
        )
        by_code: defaultdict[int, list[float]] = defaultdict(list)
        for value, code in CELL.iter_unpack(cells[: end * CELL.size]):
            by_code[code].append(value)  # the cheapest that can be done with each of thousands
        sums: dict[int, tuple[int, float]] = {}
        for code, values in by_code.items():
            number, times = code & NUMBER_MASK, code >> NUMBER_BITS
            if times and number in self._entries and math.isfinite(sum(values)):
                before, total = sums.get(number, (0, 0.0))
                sums[number] = before + times * len(values), total + sum(values)
        return sums


def line(content: Any) -> bytes:
    """Return JSON on a line of its own."""
    return json.dumps(content).encode() + b"\n"


def defined(found: list[Any]) -> tuple[int, Entry]:
    """Return number and entry of a line that `define` wrote, or raise ValueError."""
    number, valued, *key = found
    if not isinstance(number, int):
        raise TypeError(f"{number!r} is not a number")
    return number, Entry(point=point_of_key(key), valued=valued)


def write_whole(file: int, content: bytes) -> None:
    """Append all of `content`, or raise OSError and leave the file as it was."""
    size = os.fstat(file).st_size
    try:
        while content:
            content = content[os.write(file, content) :]
    except OSError:
        os.ftruncate(file, size)
        raise
