"""The folder of the journals: private to one user, and shared by the processes of one product.

The process that keeps a journal holds a lock on its file, which the kernel gives up when the
process ends, however it does. Whoever then gets the lock may count what is in the journal.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from ..cleaninsights.clock import EPOCH
from .journal import Journal

JOURNAL: Final = ".journal"
UNFINISHED: Final = ".new"
STALE: Final = 3600.0  # seconds; nobody is at an unfinished file for so long


class Place(Protocol):
    """Where journals are kept; raises OSError where it cannot be used."""

    def create(self, begun: datetime) -> Journal:
        """Begin a journal."""

    def rewrite(self, journal: Journal) -> Journal:
        """Put a journal with the same counts, summed up, in the place of a full one."""

    def abandoned(self) -> Iterable[Journal]:
        """Take up, one after another, the journals whose processes have ended."""


class Memory:
    """Where no folder can be used: what was counted ends with the process."""

    def create(self, begun: datetime) -> Journal:
        """Begin a journal that has no file."""
        return Journal(new_key(), begun, entries=[])

    def rewrite(self, journal: Journal) -> Journal:
        """Sum up what a full journal has counted."""
        fresh = self.create(journal.begun)
        journal.close()
        journal.rewrite(fresh)
        journal.discard()
        return fresh

    def abandoned(self) -> Iterable[Journal]:
        """Take up nothing: it is gone."""
        return ()


MEMORY: Final = Memory()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is made when it is needed."""

    path: Path

    def create(self, begun: datetime) -> Journal:
        """Begin a journal in a file of its own."""
        with self._new(new_key(), begun) as journal:
            return journal

    def rewrite(self, journal: Journal) -> Journal:
        """Put a journal with the same counts, summed up, in the place of a full one.

        A kill at any moment leaves one of the two.
        """
        journal.close()
        with self._new(journal.key, journal.begun) as fresh:
            journal.rewrite(fresh)
        journal.release()
        return fresh

    def abandoned(self) -> Iterator[Journal]:
        """Take up, one after another, the journals whose processes have ended."""
        with self._opened() as folder:
            for name in sorted(os.listdir(folder)):  # noqa: PTH208  a descriptor is no path
                if name.endswith(UNFINISHED):
                    remove_stale(name, folder)
                elif name.endswith(JOURNAL) and (journal := self._take(name, folder)):
                    yield journal

    def problem(self) -> str | None:
        """Say why no journal can be kept here, None if one can."""
        try:
            self.create(EPOCH).discard()
        except OSError as error:
            return str(error)
        return None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the folder, made if need be; nobody can then put another one in its place."""
        with suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            status = os.fstat(folder)
            if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
                raise PermissionError(f"{self.path} is not private to its user")
            yield folder
        finally:
            os.close(folder)

    @contextmanager
    def _new(self, key: str, begun: datetime) -> Iterator[Journal]:
        """Make a journal that others see only once the block has ended well."""
        unfinished, name = key + UNFINISHED, key + JOURNAL
        with self._opened() as folder:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            file = os.open(unfinished, flags, 0o600, dir_fd=folder)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield Journal.create(key, begun, file, partial(self._remove, name))
                os.replace(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(unfinished, dir_fd=folder)
                os.close(file)
                raise

    def _take(self, name: str, folder: int) -> Journal | None:
        """Return a journal that no process keeps any longer."""
        try:
            file = os.open(name, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_nlink:  # none if its owner has removed it in the meantime
                return Journal.open(name.removesuffix(JOURNAL), file, partial(self._remove, name))
        except OSError:
            pass
        except Exception:  # noqa: BLE001  whatever a power failure has left is not to hold up the others
            self._remove(name)
        os.close(file)
        return None

    def _remove(self, name: str) -> None:
        with suppress(OSError), self._opened() as folder:
            os.unlink(name, dir_fd=folder)


def new_key() -> str:
    """Return a name that no other journal has, on whichever host."""
    return secrets.token_hex(16)


def remove_stale(name: str, folder: int) -> None:
    """Remove what a process has left unfinished."""
    with suppress(OSError):
        age = time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
        if age > STALE:
            os.unlink(name, dir_fd=folder)
