"""The publisher's dictionary: the meaning of each fact, as the client's command wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..models import Fact, Site
from ..models.rows import atomic
from .catalog import digest_of
from .reports import FLAG
from .texts import LONGEST, clean

KINDS = (
    (Fact.Kind.VERSION, re.compile(r"v?\d+(\.\d+)+([abr.+-].*)?")),
    (Fact.Kind.DATE, re.compile(r"\d{4}-\d\d(-\d\d.*)?")),
    (Fact.Kind.FLAG, re.compile(r"(?i)true|false|yes|no|on|off")),
    (
        Fact.Kind.BUCKET,
        re.compile(r"\d+|\d+\s*[-\u2013+].*|(?i:(more|less|over|under).*\d.*)|[<>].*\d.*"),
    ),
)


class NotADictionaryError(ValueError):
    """A file was not written by ``metric_collection dictionary --format json``."""


def load(site: Site, document: Any, *, public: bool = False) -> int:
    """Declare the facts of a dictionary; return how many.

    Facts that are not in it stay declared: older versions of the product still report them.
    """
    if not isinstance(document, dict) or not isinstance(document.get("facts"), list):
        raise NotADictionaryError("it has no list of facts")
    checked = map(_checked, document["facts"])
    entries = [entry for entry in checked if entry["name"] != FLAG]
    with atomic(Fact):
        Site.objects.locked([site.pk])
        for position, entry in enumerate(entries, start=1):
            fact, _ = Fact.objects.get_or_create(
                site=site,
                digest=digest_of(entry["name"], is_built_in=False),
                defaults={"name": clean(entry["name"])},
            )
            fact.kind = kind_of(entry)
            fact.description = entry.get("description") or ""
            fact.purpose = entry.get("purpose") or ""
            fact.position = position
            fact.is_declared = True
            fact.is_public = fact.is_public or public
            fact.save()
    return len(entries)


def _checked(entry: Any) -> Mapping[str, Any]:
    if not isinstance(entry, dict) or not isinstance(name := entry.get("name"), str) or not name:
        raise NotADictionaryError(f"a fact has no name: {str(entry)[:80]}")
    return entry


def kind_of(entry: Mapping[str, Any]) -> Fact.Kind:
    """Return the kind that the entry states, or the one that its example looks like."""
    if entry.get("kind") in Fact.Kind.values:
        return Fact.Kind(entry["kind"])
    example = str(entry.get("example") or "")[:LONGEST]
    looks_like = (kind for kind, pattern in KINDS if pattern.fullmatch(example))
    return next(looks_like, Fact.Kind.TEXT)
