"""Installed distributions, read no further than asked.

``importlib.metadata`` opens every distribution and parses its metadata as an email. Here a folder
of sys.path is listed once for as long as it does not change, and of metadata two lines are read.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import chain

METADATA_ENDINGS = (".dist-info", ".egg-info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What is installed, spelled as its metadata spells it; ``version`` None when it has none."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that may hold installed distributions, as it was when it last changed (ns)."""

    path: str
    changed: int

    @property
    def metadata(self) -> dict[str, list[str]]:
        """Squeezed name -> the metadata folders (or files) of that name."""
        return _metadata(self)

    def entries(self) -> Iterator[str]:
        """Every metadata folder (or file)."""
        return chain.from_iterable(self.metadata.values())

    @property
    def path_files(self) -> list[str]:
        """The ``.pth`` files, with which editable installs reach sys.path."""
        return [f"{self.path}/{name}" for name in _names(self) if name.endswith(".pth")]


def folders() -> tuple[Folder, ...]:
    """The folders on sys.path; what is listed there without being one is passed over."""
    paths = dict.fromkeys(map(os.fsdecode, sys.path))
    return tuple(folder for path in paths if (folder := folder_at(path)))


def folder_at(path: str) -> Folder | None:
    """The folder at a path as it is now; None where there is none that can be looked at."""
    try:
        return Folder(path=path, changed=os.stat(path).st_mtime_ns)  # noqa: PTH116  as below
    except (OSError, ValueError):
        return None


def installed(name: str) -> Distribution | None:
    """The distribution of this name in any spelling, as found first on sys.path."""
    for folder in folders():
        for metadata in folder.metadata.get(squeeze(name), ()):
            found = read_distribution(metadata)
            if found and normalize(found.name) == normalize(name):
                return found
    return None


def read_distribution(metadata: str) -> Distribution | None:
    """Read name and version of a metadata folder (or file); None when it does not give a name."""
    for path in (f"{metadata}/METADATA", f"{metadata}/PKG-INFO", metadata):
        if (content := read_bytes(path)) is not None:
            header = _header(content)
            name, version = header.get(b"name"), header.get(b"version")
            return Distribution(name=name, version=version or None) if name else None
    return None


def squeezed_name(metadata: str) -> str:
    """``mydistname`` for ``…/My.Dist_Name-1.0-py3.11.egg-info``."""
    stem = metadata.rpartition("/")[2][: -len(".dist-info")]
    if stem.rpartition("-")[2].startswith("py"):
        stem = stem.rpartition("-")[0]
    return squeeze(stem.rpartition("-")[0] or stem)


def read_bytes(path: str) -> bytes | None:
    """A file's content; None where there is no such file to read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  making a Path takes longer than reading
            return file.read()
    except (OSError, ValueError):
        return None


def normalize(name: str) -> str:
    """The one spelling under which all spellings of a name are equal (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def squeeze(name: str) -> str:
    """A name without its separators, so that package names can be likened to distribution names."""
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


@lru_cache(maxsize=64)
def _names(folder: Folder) -> tuple[str, ...]:
    try:
        return tuple(os.listdir(folder.path))  # noqa: PTH208  as below
    except OSError:
        return ()


@lru_cache(maxsize=64)
def _metadata(folder: Folder) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in _names(folder):
        # pip leaves folders such as "~cme-1.0.dist-info" behind when it is interrupted.
        if name.endswith(METADATA_ENDINGS) and not name.startswith("~"):
            key = squeezed_name(name)
            found.setdefault(key, []).append(f"{folder.path}/{name}")
    return found


def _header(content: bytes) -> dict[bytes, str]:
    """The fields that matter, which most often stand at the top; none from below an empty line."""
    found: dict[bytes, str] = {}
    for line in map(bytes.rstrip, BytesIO(content)):
        if not line or len(found) == 2:
            break
        field, colon, value = line.partition(b":")
        if colon and field.lower() in {b"name", b"version"}:
            found.setdefault(field.lower(), value.decode(errors="replace").strip())
    return found
