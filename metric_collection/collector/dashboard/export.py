"""The public pages and files in a folder, for any web host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..models import Publication, Site, Span
from . import public
from .csv_files import csv_text
from .public_views import CSS, CSV_HEADS, as_json, rules_page, site_list, site_page

APP = Path(__file__).parents[1]
STYLES = "collector.css"


class ExportError(Exception):
    """The folder cannot be written to."""


def export(folder: Path) -> int:
    """Write the files of all public sites; return the number of those that are new or changed."""
    try:
        return sum(_write(folder / name, text) for name, text in files())
    except OSError as error:
        raise ExportError(f"{folder} cannot be written to: {error.strerror}") from error


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


def _write(path: Path, text: str) -> bool:
    """Replace a file atomically, and only if it differs."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(content)
    unfinished.replace(path)
    return True
