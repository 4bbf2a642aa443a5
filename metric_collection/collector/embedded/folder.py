"""The folder that an embedded collector lives in. Nobody else may read it."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """An existing folder with a secret key and a database; `is_new` if the database was just made."""

    path: Path
    secret_key: str
    is_new: bool

    @property
    def database(self) -> Path:
        return self.path / "collector.sqlite3"


def prepared(path: Path) -> Folder:
    """Make the folder and its files where they are missing, readable by their owner alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = path / "secret.key"
    _create(key, secrets.token_urlsafe(50))
    is_new = _create(path / "collector.sqlite3", "")
    return Folder(path=path, secret_key=key.read_text(encoding="ascii"), is_new=is_new)


def _create(path: Path, content: str) -> bool:
    """Create a file before anything is in it that somebody could read; return whether it is new."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
    return True
