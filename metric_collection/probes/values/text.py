"""Texts as they are sent and kept: plain, short, and of characters that any database takes."""

import re
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise

from ...cleaninsights.payload import TEXT_LIMIT, clean

SENDABLE = (str, bool, int, float, Decimal, date, Promise)


def sendable(text: str) -> str:
    """The text as far as it is sent, so that nothing else is kept, compared or shown here."""
    return clean(text[:TEXT_LIMIT])


def plain_text(value: object) -> str:
    """The sendable text of a value; "" for None.

    Raises TypeError for anything that is not sendable, such as a list, a path or a model instance:
    what their text would give away is not the probe's to decide.
    """
    if value is None:
        return ""
    if not isinstance(value, SENDABLE):
        raise TypeError(f"{type(value).__name__} is no value for a fact; return text or a number")
    return str(value).lower() if isinstance(value, bool) else sendable(str(value))


def numbers_of(version: str) -> str:
    """The numbers that a version begins with: ``6.1.0`` of ``6.1.0-29-amd64``; "" of none."""
    found = re.match(r"\d+(\.\d+)*", version)
    return found.group() if found else ""


def public_version(version: str) -> str:
    """A version without its local part, which may name a private build (PEP 440)."""
    return version.partition("+")[0]
