"""Installed distributions, read lazily.

``importlib.metadata`` opens every distribution and parses its metadata as an email. Here a folder of
sys.path is listed again only after it has changed, and two lines of a distribution's metadata are read.
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
    """An installed distribution; the name is spelled as in its metadata."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of sys.path in the state of its last change (in ns)."""

    path: str
    changed: int

    def entries(self) -> Iterator[str]:
        """Every metadata folder (or file)."""
        return chain.from_iterable(metadata_in(self).values())


def folders() -> tuple[Folder, ...]:
    """The folders on sys.path that exist."""
    paths = dict.fromkeys(map(os.fsdecode, sys.path))
    return tuple(folder for path in paths if (folder := folder_at(path)))


def folder_at(path: str) -> Folder | None:
    """The folder at a path in its present state; None if it cannot be read."""
    try:
        return Folder(path=path, changed=os.stat(path).st_mtime_ns)  # noqa: PTH116  as below
    except (OSError, ValueError):
        return None


def installed(name: str) -> Distribution | None:
    """The first distribution on sys.path with this name, in any spelling."""
    for folder in folders():
        for metadata in metadata_in(folder).get(squeeze(name), ()):
            found = read_distribution(metadata)
            if found and normalize(found.name) == normalize(name):
                return found
    return None


def read_distribution(metadata: str) -> Distribution | None:
    """Read name and version from a metadata folder (or file); None if it has no name."""
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
    """The content of a file; None if it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  making a Path takes longer than reading
            return file.read()
    except (OSError, ValueError):
        return None


def normalize(name: str) -> str:
    """A name in its normalized spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def squeeze(name: str) -> str:
    """A name without separators, to compare names of packages with names of distributions."""
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


# A folder that has changed is another key: nothing here has to be invalidated.
@lru_cache(maxsize=64)
def names_in(folder: Folder) -> tuple[str, ...]:
    """The names of all files and folders in a folder."""
    try:
        return tuple(os.listdir(folder.path))  # noqa: PTH208  as below
    except OSError:
        return ()


@lru_cache(maxsize=64)
def metadata_in(folder: Folder) -> dict[str, list[str]]:
    """Squeezed name -> the metadata folders (or files) with that name."""
    found: dict[str, list[str]] = {}
    for name in names_in(folder):
        # pip leaves folders such as "~cme-1.0.dist-info" behind when it is interrupted.
        if name.endswith(METADATA_ENDINGS) and not name.startswith("~"):
            key = squeezed_name(name)
            found.setdefault(key, []).append(f"{folder.path}/{name}")
    return found


def _header(content: bytes) -> dict[bytes, str]:
    """Name and version, which are usually at the top; everything below an empty line is a description."""
    found: dict[bytes, str] = {}
    for line in map(bytes.rstrip, BytesIO(content)):
        if not line or len(found) == 2:
            break
        field, colon, value = line.partition(b":")
        if colon and field.lower() in {b"name", b"version"}:
            found.setdefault(field.lower(), value.decode(errors="replace").strip())
    return found
