"""Editable installs: distributions whose code is in a folder that ``direct_url.json`` names."""

import json
import os
import sys
from functools import lru_cache
from itertools import chain
from urllib.parse import unquote, urlsplit

from .metadata import Folder, names_in, read_bytes

SITE_FOLDERS = ("/site-packages/", "/dist-packages/")


def editable_owner(path: str, home: Folder | None, search: tuple[Folder, ...]) -> str | None:
    """The metadata of the editable install that owns the code at ``path``.

    ``home`` is the folder that the code was imported from. Of nested projects the innermost owns it.
    """
    # Without an import finder or a .pth line, which is usual, no distribution has to be read.
    has_finder = any("editable" in str(getattr(each, "__module__", "")) for each in sys.meta_path)
    has_line = home and any(os.fsencode(home.path) in text for text in _path_files(search))
    if not (has_finder or has_line):
        return None
    real = os.path.realpath(path)
    owners = {}
    for root, owner in _editables(search):
        inner = real.removeprefix(root)
        is_environment = any(site in inner for site in SITE_FOLDERS)  # inside the project's folder
        if real.startswith(f"{root}{os.sep}") and not is_environment:
            owners[root] = owner
    return owners[max(owners, key=len)] if owners else None


@lru_cache(maxsize=1)
def _path_files(search: tuple[Folder, ...]) -> list[bytes]:
    paths = (f"{folder.path}/{name}" for folder in search for name in names_in(folder))
    return [read_bytes(path) or b"" for path in paths if path.endswith(".pth")]


@lru_cache(maxsize=1)
def _editables(search: tuple[Folder, ...]) -> list[tuple[str, str]]:
    """The project folder and the metadata of each editable install (PEP 610)."""
    found = []
    for metadata in chain.from_iterable(folder.entries() for folder in search):
        try:
            origin = json.loads(read_bytes(f"{metadata}/direct_url.json") or b"{}")
            if origin["dir_info"]["editable"]:
                root = os.path.realpath(unquote(urlsplit(origin["url"]).path))
                found.append((root, metadata))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
