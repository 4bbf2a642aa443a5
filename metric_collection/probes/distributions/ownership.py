"""The distribution that an app is part of: likely ones are tried first, their file lists decide."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain

from django.apps import AppConfig

from .editable import editable_owner
from .manifest import LISTED, UNFOUNDED, Manifest, ancestry
from .metadata import Folder, folder_at, folders, metadata_in, squeeze


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of an app's code: at ``path``, imported as ``package`` from the folder ``home``.

    ``trace`` is the beginning of a line that lists the code, relative to ``home``. ``home`` is None for
    code that was imported from a folder that does not match its name.
    """

    package: str
    path: str
    home: Folder | None
    trace: str


def place_of(app: AppConfig) -> Place:
    """The place of an app by its module's file; a namespace package has only a path."""
    inner, ending = app.name.replace(".", "/"), "."
    file = getattr(app.module, "__file__", None)
    if file is None:
        path, ending = app.path, "/"
    else:
        folder, base = os.path.split(file)
        stem = base.partition(".")[0]
        inner = f"{inner}/{stem}" if stem == "__init__" else inner
        path = f"{folder}/{stem}"
    home = path.removesuffix(f"/{inner}")
    return Place(
        package=app.name,
        path=path,
        home=folder_at(home) if home != path else None,
        trace=f"{inner}{ending}",
    )


def owners(places: Iterable[Place]) -> dict[Place, str]:
    """Place -> metadata of its distribution; places without a distribution are left out.

    Nothing is read again until the places or the folders on sys.path change.
    """
    return _owners(tuple(places), folders())


@lru_cache(maxsize=1)
def _owners(places: tuple[Place, ...], search: tuple[Folder, ...]) -> dict[Place, str]:
    manifest = cache(Manifest)  # each is read once per look-up, and not kept
    found = ((place, _owner(place, search, manifest)) for place in places)
    return {place: owner for place, owner in found if owner}


def _owner(
    place: Place, search: tuple[Folder, ...], manifest: Callable[[str], Manifest]
) -> str | None:
    def claim(metadata: str) -> int:
        return manifest(metadata).claim(place.trace, place.package)

    founded, likely = _best(_resembling(place), claim)
    if founded == LISTED:
        return likely
    if editable := editable_owner(place.path, place.home, search):
        return editable
    return likely or _best(place.home.entries() if place.home else (), claim)[1]


def _best(entries: Iterable[str], claim: Callable[[str], int]) -> tuple[int, str | None]:
    """The first entry whose installer listed the code, else the first of those with the best claim."""
    best: tuple[int, str | None] = (UNFOUNDED, None)
    for entry in entries:
        founded = claim(entry)
        if founded > best[0]:
            best = (founded, entry)
        if founded == LISTED:
            break
    return best


def _resembling(place: Place) -> Iterator[str]:
    """Metadata by the similarity of their names to the package's, the same name first."""
    metadata = metadata_in(place.home) if place.home else {}
    for package in ancestry(place.package):
        yield from metadata.get(squeeze(package), ())
    package = place.package.partition(".")[0]
    name = squeeze(package)
    words = [word[:5] for word in package.lower().split("_") if len(word) > 3 and word != "django"]
    # Ever weaker similarities: djangorestframework ends with rest_framework, and so on.
    yield from chain.from_iterable(metadata[each] for each in metadata if each.endswith(name))
    yield from chain.from_iterable(metadata[each] for each in metadata if name in each)
    for other, entries in metadata.items():
        if any(word in other for word in words):
            yield from entries
