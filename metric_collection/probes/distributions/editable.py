"""Editable installs: distributions whose code is in a folder that ``direct_url.json`` names."""

import json
import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from .metadata import Folder, read_bytes

SITE_FOLDERS = ("/site-packages/", "/dist-packages/")


def editable_owner(path: str, home: Folder | None, search: tuple[Folder, ...]) -> str | None:
    """The metadata of the editable install that owns the code at ``path``.

    ``home`` is the folder that the code was imported from. Of nested projects the innermost owns it.
    """
    if not _is_reached_by_editables(home, search):
        return None
    real = os.path.realpath(path)
    owners = {root: owner for root, owner in _editables(search) if _covers(root, real)}
    return owners[max(owners, key=len)] if owners else None


def _is_reached_by_editables(home: Folder | None, search: tuple[Folder, ...]) -> bool:
    """Whether an editable install may be involved at all: by a ``.pth`` line or an import finder.

    Without one, which is usual, no distribution has to be read.
    """
    if any("editable" in str(getattr(finder, "__module__", "")) for finder in sys.meta_path):
        return True
    return home is not None and any(os.fsencode(home.path) in text for text in _path_lines(search))


def _covers(root: str, path: str) -> bool:
    """Whether the path is part of the project, and not of an environment inside its folder."""
    inner = path.removeprefix(root)
    return path.startswith(f"{root}{os.sep}") and not any(site in inner for site in SITE_FOLDERS)


@lru_cache(maxsize=1)
def _path_lines(search: tuple[Folder, ...]) -> list[bytes]:
    return [read_bytes(path) or b"" for folder in search for path in folder.path_files]


@lru_cache(maxsize=1)
def _editables(search: tuple[Folder, ...]) -> list[tuple[str, str]]:
    everything = (entry for folder in search for entry in folder.entries())
    return [(root, entry) for entry in everything for root in _root(entry)]


def _root(metadata: str) -> Iterator[str]:
    """The project folder of an editable install; nothing for any other (PEP 610)."""
    try:
        origin = json.loads(read_bytes(f"{metadata}/direct_url.json") or b"{}")
        if origin["dir_info"]["editable"]:
            yield os.path.realpath(unquote(urlsplit(origin["url"]).path))
    except (ValueError, KeyError, TypeError, AttributeError):
        return
