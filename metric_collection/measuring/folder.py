"""The folder of the journals: private to one user, and shared by the processes of one product.

The process that keeps a journal holds a lock on its file, which the kernel releases when the
process ends, however it ends. A process that then gets the lock may count the journal.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from ..cleaninsights.clock import EPOCH
from .journal import Journal

try:
    import fcntl
except ImportError:  # Windows, where nothing uses a Folder
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS: Final = fcntl is not None

# The format is in the name: other versions of this package leave a journal alone that they cannot
# read, while a rolling upgrade is under way. Change the number whenever the content changes.
JOURNAL: Final = ".1.journal"
ANY_JOURNAL: Final = ".journal"
UNFINISHED: Final = ".new"
STALE: Final = 3600.0  # seconds; no process works on an unfinished file for so long
FORGOTTEN: Final = 100 * 24 * 3600.0  # seconds; older counts would not be sent
MOST_JOURNALS: Final = 200  # in one folder, 256 KiB each
# On these, a block that was written once is overwritten in place. On btrfs, ZFS and the like a
# store into mapped memory needs a new block, and kills the process (SIGBUS) if the disk is full.
IN_PLACE: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})
MOUNTS: Final = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Memory:
    """Used where no folder is: the counts end with the process."""

    reason: str | None = None

    def create(self, begun: datetime) -> Journal:
        """Begin a journal that has no file."""
        return Journal(new_key(), begun)

    def rewrite(self, journal: Journal) -> Journal:
        """Close a journal and return one with the same counts, summed up; the caller discards the old one."""
        fresh = self.create(journal.begun)
        journal.close()
        journal.rewrite(fresh)
        return fresh

    def abandoned(self, skip: Container[str] = ()) -> Iterable[Journal]:  # noqa: ARG002
        """Return nothing, as the memory of other processes is not accessible."""
        return ()

    def problem(self) -> str | None:
        """Return why counts are kept in memory."""
        return self.reason


MEMORY: Final = Memory()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, created on first use; methods raise OSError if it cannot be used."""

    path: Path
    mounts: Path = MOUNTS

    def create(self, begun: datetime) -> Journal:
        """Begin a journal in a file of its own."""
        with self._new(new_key(), begun) as journal:
            return journal

    def rewrite(self, journal: Journal) -> Journal:
        """Do the same as in memory, in a file that takes the place of the journal's own.

        A kill at any moment keeps one of the two.
        """
        journal.close()
        with self._new(journal.key, journal.begun) as fresh:
            journal.rewrite(fresh)
        journal.disown()
        return fresh

    def abandoned(self, skip: Container[str] = ()) -> Iterator[Journal]:
        """Open, one after another, the journals whose processes have ended, but none of `skip`."""
        with self._opened() as folder:
            for name in sorted(os.listdir(folder)):  # noqa: PTH208  a descriptor is no path
                if name.endswith(UNFINISHED):
                    remove_if_old(name, folder, STALE)
                elif not name.endswith(JOURNAL):
                    if name.endswith(ANY_JOURNAL):
                        remove_if_old(name, folder, FORGOTTEN)
                elif name.removesuffix(JOURNAL) not in skip and (
                    journal := self._take(name, folder)
                ):
                    yield journal

    def problem(self) -> str | None:
        """Return why no journal can be kept here, or None."""
        try:
            self.create(EPOCH).discard()
        except OSError as error:
            return str(error)
        return None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the folder, creating it first if needed; a descriptor cannot be replaced by another folder."""
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
        """Create a journal that others see only once the block has ended without an error."""
        unfinished, name = key + UNFINISHED, key + JOURNAL
        with self._opened() as folder:
            self._check(folder)
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

    def _check(self, folder: int) -> None:
        """Raise OSError if no journal may be added."""
        if not overwrites_in_place(folder, self.mounts):
            kinds = ", ".join(sorted(IN_PLACE))
            raise OSError(f"{self.path} is not on a file system that overwrites in place: {kinds}")
        if len(os.listdir(folder)) >= MOST_JOURNALS:
            raise OSError(f"{self.path} has {MOST_JOURNALS} uncounted journals")

    def _take(self, name: str, folder: int) -> Journal | None:
        """Return a journal whose process has ended."""
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
        except Exception:  # noqa: BLE001  a power failure may leave anything; it must not block the others
            self._remove(name)
        os.close(file)
        return None

    def _remove(self, name: str) -> bool:
        """Remove a file; whether it is certain to be gone."""
        try:
            with self._opened() as folder:
                os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True


Place: TypeAlias = Memory | Folder


def overwrites_in_place(folder: int, mounts: Path) -> bool:
    """Whether the file system of an open folder never needs a new block for one that it has written."""
    device, kind = os.fstat(folder).st_dev, ""
    with suppress(OSError):
        for text in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
            before, _, after = text.partition(" - ")  # see proc_pid_mountinfo(5)
            if before.split()[2] == f"{os.major(device)}:{os.minor(device)}":
                kind = after.split()[0]
    # The overlay of a container behaves like its upper layer, whose type is not visible from inside.
    # But statvfs is passed through to it, and btrfs, unlike the others, reports no number of inodes.
    return kind in IN_PLACE or (kind == "overlay" and os.fstatvfs(folder).f_files > 0)


def new_key() -> str:
    """Return a name that no other journal has, on any host."""
    return secrets.token_hex(16)


def remove_if_old(name: str, folder: int, seconds: float) -> None:
    """Remove a file that was last written longer ago than that."""
    with suppress(OSError):
        age = time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
        if age > seconds:
            os.unlink(name, dir_fd=folder)
