"""The strings that are sent and stored: plain, short, in characters that every database takes."""

import re
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise

from ...cleaninsights.payload import sendable

SENDABLE = (str, bool, int, float, Decimal, date, Promise)


def plain_text(value: object) -> str:
    """The string that is sent for a value; "" for None.

    Raises TypeError for a list, a path, a model instance and the like, whose string may contain more
    than the probe intends.
    """
    if value is None:
        return ""
    if not isinstance(value, SENDABLE):
        raise TypeError(
            f"{type(value).__name__} is not a valid value for a fact; return a string or a number"
        )
    return str(value).lower() if isinstance(value, bool) else sendable(str(value))


def numbers_of(version: str) -> str:
    """The numbers that a version begins with: ``6.1.0`` of ``6.1.0-29-amd64``; "" of none."""
    found = re.match(r"\d+(\.\d+)*", version)
    return found.group() if found else ""


def public_version(version: str) -> str:
    """A version without its local part, which may name a private build (PEP 440)."""
    return version.partition("+")[0]
