"""Files of exported reports: a line of JSON for each, with its key and its body."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cleaninsights import payload
from ..cleaninsights.exceptions import PayloadError
from ..models import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A report as another machine has exported it."""

    line: int
    key: str
    body: bytes


def line_of(report: Report, *, bare: bool) -> str:
    """Return the line of a report; a bare one is the exact body alone."""
    body: str = report.body
    return body if bare else f'{{"key": "{report.key}", "body": {body}}}'


def write_new(path: Path, lines: Sequence[str]) -> None:
    """Write lines to a file that does not exist yet, and sync it to the disk."""
    with path.open("x", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> Iterator[Exported]:
    """Yield the reports of a file; ValueError names the line that is not one."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found = json.loads(line)
            body = payload.compact(found["body"])
            payload.decode(body)
            yield Exported(line=number, key=str(found["key"]), body=body)
        except (ValueError, KeyError, TypeError, PayloadError) as error:
            expected = '{"key": …, "body": {…}}, as `export FILE` writes it'
            raise ValueError(f"{path}, line {number}: {error!r}. Expected {expected}") from error
