"""Files of exported reports: a line of JSON for each, with its key and its body."""

from __future__ import annotations

import json
import os
import reprlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

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
    """Yield the reports of a file; ValueError quotes the line that is not one."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not in UTF-8, perhaps because PowerShell's > wrote it. Convert it to UTF-8"
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            key, body = parse(line)
        except (ValueError, RecursionError, PayloadError) as error:
            raise ValueError(
                f"{path}, line {number}: {reprlib.repr(line)} is no report: {error}. Correct or remove it:"
                ' {"key": UUID, "body": {…}} is expected, as `export FILE` writes it'
            ) from error
        yield Exported(line=number, key=key, body=body)


def parse(line: str) -> tuple[str, bytes]:
    """Return the key and the body of a line that `line_of` returned."""
    found = json.loads(line)
    if not isinstance(found, dict) or not {"key", "body"} <= found.keys():
        raise ValueError("key or body is missing")
    body = payload.compact(found["body"])
    payload.decode(body)
    return str(UUID(str(found["key"]))), body
