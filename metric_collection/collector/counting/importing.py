"""Files of reports from machines without a network, as ``metric_collection export`` writes them.

Each line is ``{"key": ..., "body": {...}}``, or a bare body. The reports go through the inbox like any other. A
file is imported once by its hash. Each report is counted once by its key, so a file whose import was
interrupted may simply be imported again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from django.db import IntegrityError

from ...cleaninsights.exceptions import PayloadError
from ...cleaninsights.payload import Limits, compact, decode
from ..conf import conf
from ..door import inbox, refusals
from ..door.views import MOST_FACTS
from ..models import Arrival, Import, Receipt, Site, digest
from ..models.rows import atomic
from .catalog import chunks
from .reports import read
from .tally import Tally

BLOCK = 2**20
LISTED = 100  # refused lines that are named

Progress = Callable[[int, int], None]  # bytes read, bytes in all


class AlreadyImportedError(Exception):
    """The same file was imported before."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"This file was imported on {at:%Y-%m-%d %H:%M} UTC already.")


class LineError(Exception):
    """A line that is not counted; `reason` is one of those of refusals."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(slots=True, kw_only=True)
class Result:
    """The outcome of an import. `refused` has the line numbers and texts of the first 100."""

    lines: int = 0
    counted: int = 0
    repeats: int = 0
    refused: int = 0
    reasons: list[tuple[int, str]] = field(default_factory=list)
    refusals: Counter[tuple[int, str]] = field(default_factory=Counter)

    def refuse(self, number: int, error: LineError) -> None:
        self.refused += 1
        self.refusals[0, error.reason] += 1
        if len(self.reasons) < LISTED:
            self.reasons.append((number, str(error)))


def import_file(
    file: BinaryIO,
    *,
    now: datetime,
    by: Any = None,
    progress: Progress = lambda _done, _total: None,
) -> Result:
    """Put the reports of a seekable file into the inbox; raise AlreadyImportedError for a known one."""
    sha256 = hash_of(file)
    if known := Import.objects.filter(sha256=sha256).first():
        raise AlreadyImportedError(known.at)
    result = Result()
    reader = Reader(sha256=sha256, now=now, result=result)
    total = file.seek(0, 2)
    file.seek(0)
    for chunk in chunks(reader.arrivals(file)):
        put_new(chunk, result)
        progress(file.tell(), total)
    counts = Counter(
        {(now.date(), site_id, reason): n for (site_id, reason), n in result.refusals.items()}
    )
    try:
        with atomic(Import):
            refusals.write(counts)
            Import.objects.create(
                sha256=sha256,
                lines=result.lines,
                counted=result.counted,
                repeats=result.repeats,
                refused=result.refused,
                at=now,
                by=by,
            )
    except IntegrityError:
        raise AlreadyImportedError(now) from None
    return result


def as_json(result: Result) -> dict[str, Any]:
    """Return the outcome as ``import --json`` prints it."""
    return {
        "lines": result.lines,
        "counted": result.counted,
        "repeats": result.repeats,
        "refused": result.refused,
        "reasons": [{"line": number, "reason": text} for number, text in result.reasons],
    }


def hash_of(file: BinaryIO) -> str:
    sha256 = hashlib.sha256()
    file.seek(0)
    while block := file.read(BLOCK):
        sha256.update(block)
    return sha256.hexdigest()


def put_new(arrivals: Sequence[Arrival], result: Result) -> None:
    """Put those into the inbox that were not counted before."""
    keys = {arrival.key for arrival in arrivals}
    known: set[uuid.UUID | None] = set(
        Receipt.objects.filter(pk__in=keys).values_list("pk", flat=True)
    )
    fresh = [arrival for arrival in arrivals if arrival.key not in known]
    inbox.put_many(fresh)
    result.counted += len(fresh)
    result.repeats += len(arrivals) - len(fresh)


class Reader:
    """Reads the lines of a file as arrivals."""

    def __init__(self, *, sha256: str, now: datetime, result: Result) -> None:
        self.sha256 = sha256
        self.now = now
        self.result = result
        self.sites = frozenset(Site.objects.values_list("pk", flat=True))
        self.tally = Tally(now=now, max_age=conf.MAX_AGE, sites={})
        self.seen: set[uuid.UUID | None] = set()

    def arrivals(self, file: BinaryIO) -> Iterator[Arrival]:
        number = 0
        while line := file.readline(BLOCK):
            number += 1
            if not line.strip():
                continue
            self.result.lines += 1
            try:
                arrival = self.arrival(whole(line, file), number)
            except LineError as error:
                self.result.refuse(number, error)
                continue
            if arrival.key in self.seen:
                self.result.repeats += 1
            else:
                self.seen.add(arrival.key)
                yield arrival

    def arrival(self, line: bytes, number: int) -> Arrival:
        """Read one line, or raise LineError."""
        key, body = self.parts(line, number)
        if len(body) > conf.MAX_BODY:
            raise too_large()
        try:
            report = decode(body, limits=Limits(events=conf.MAX_EVENTS, facts=MOST_FACTS))
        except PayloadError as error:
            raise LineError("invalid", str(error)[:LISTED]) from None
        site_id = int(report["idsite"])
        if site_id not in self.sites:
            raise LineError(refusals.UNKNOWN, f"idsite: there is no site {site_id}")
        if not self.tally.accepts(read(body)):
            raise LineError("date", "it is too old, or of a time to come")
        return Arrival(
            site_id=site_id,
            key=digest(site_id, key),
            body=body,
            received_at=self.now,
            source=Arrival.Source.IMPORT,
        )

    def parts(self, line: bytes, number: int) -> tuple[str, bytes]:
        """Return the key and the body; a bare body has a key of its place in this file."""
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            raise LineError("invalid", "it is not JSON") from None
        if isinstance(content, dict) and isinstance(content.get("body"), dict):
            return str(content.get("key") or f"{self.sha256} {number}"), compact_of(content["body"])
        return f"{self.sha256} {number}", line.strip()


def whole(line: bytes, file: BinaryIO) -> bytes:
    """Return the line, or skip the rest of one that is longer than a block and raise LineError."""
    if len(line) < BLOCK or line.endswith(b"\n"):
        return line
    while (rest := file.readline(BLOCK)) and not rest.endswith(b"\n"):
        pass
    raise too_large()


def too_large() -> LineError:
    return LineError("too large", f"a body has at most {conf.MAX_BODY} bytes")


def compact_of(body: dict[str, Any]) -> bytes:
    try:
        return compact(body)
    except ValueError:  # NaN and infinity are not JSON
        raise LineError("invalid", "it has a number that is not finite") from None
