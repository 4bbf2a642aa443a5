"""Texts as they are stored: cleaned, cut, and by the kind of the fact."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from packaging.version import InvalidVersion, Version

from ..models import Fact, Value

LONGEST = 255
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
Role = Value.Role


@lru_cache(maxsize=10_000)
def clean(text: str) -> str:
    """Return at most 255 characters, with U+FFFD for those that a page had better not show."""
    cut = text[:LONGEST]
    if cut.isprintable():
        return cut
    return "".join("\ufffd" if unicodedata.category(each)[0] == "C" else each for each in cut)


def value_of(kind: str, text: str) -> tuple[Role, str]:
    """Return the role and the text under which a value is counted."""
    if kind == Fact.Kind.VERSION:
        return _version(text)
    if kind == Fact.Kind.DATE:
        month = MONTH.match(text)
        return (Role.NAMED, month[0]) if month else (Role.OTHER, "")
    return Role.NAMED, clean(text)


def _version(text: str) -> tuple[Role, str]:
    """Read PEP 440. Development versions count together: each may be a single machine's."""
    if len(text) > LONGEST:  # Python refuses to read numbers of some thousand digits
        return Role.OTHER, ""
    try:
        version = Version(text)
    except InvalidVersion:
        return Role.OTHER, ""
    if version.is_prerelease:
        return Role.DEVELOPMENT, ""
    return Role.NAMED, clean(version.public)
