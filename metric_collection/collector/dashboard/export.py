"""The public pages and files in a folder, for any web host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..models import Publication, Site, Span
from . import public
from .csv_files import csv_text
from .public_views import CSS, CSV_HEADS, as_json, rules_page, site_list, site_page

APP = Path(__file__).parents[1]
STYLES = "collector.css"
LISTING = ".exported"  # the names of the files that our exports wrote


class ExportError(Exception):
    """The folder cannot be written to."""


def export(folder: Path) -> tuple[int, int]:
    """Write the files of all public sites, and remove those of earlier exports that are not public any more.

    Return the number of files that are new or changed, and of those that were removed.
    """
    try:
        return _export(folder, dict(files()))
    except OSError as error:
        raise ExportError(f"{folder} cannot be written to: {error.strerror}") from error


def _export(folder: Path, contents: Mapping[str, str]) -> tuple[int, int]:
    listing = folder / LISTING
    earlier = set(listing.read_text(encoding="utf-8").splitlines()) if listing.is_file() else set()
    # Should this run be killed, the next one knows what it has written.
    _write(listing, "\n".join(sorted(earlier | contents.keys())))
    removed = sum(_remove(folder, name) for name in earlier - contents.keys())
    written = sum(_write(folder / name, text) for name, text in contents.items())
    _write(listing, "\n".join(sorted(contents)))
    return written, removed


def files() -> Iterator[tuple[str, str]]:
    """Yield relative path and content; links between the pages are relative."""
    sites = list(Site.objects.public())
    yield STYLES, (APP / "static" / CSS).read_text(encoding="utf-8")
    yield "index.html", site_list(sites, css=STYLES)
    for site in sites:
        yield from _files_of(site)


def _files_of(site: Site) -> Iterator[tuple[str, str]]:
    slug = site.slug
    yield f"{slug}/index.html", site_page(site, css=f"../{STYLES}")
    yield f"{slug}/rules/index.html", rules_page(site, css=f"../../{STYLES}")
    for each in Publication.objects.filter(site=site).order_by("start"):
        folder = public.FOLDERS[Span(each.span)]
        yield f"{slug}/{folder}/{public.name_of(each.span, each.start)}.json", each.body
    yield f"{slug}/data.json", as_json(public.index(site))
    yield f"{slug}/data.csv", csv_text(CSV_HEADS, public.rows(site))
    yield f"{slug}/badge.json", as_json(public.badge(site))


def _remove(folder: Path, name: str) -> bool:
    """Remove a file from the folder, and the folders that are empty then; whether it was there."""
    path = folder / name
    if folder.resolve() not in path.resolve().parents:
        return False
    _unfinished(path).unlink(missing_ok=True)
    was_there = path.is_file()
    if was_there:
        path.unlink()
    parent = path.parent
    while parent != folder and parent.is_dir() and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent
    return was_there


def _write(path: Path, text: str) -> bool:
    """Replace a file atomically, and only if it differs."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    _unfinished(path).write_bytes(content)
    _unfinished(path).replace(path)
    return True


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
