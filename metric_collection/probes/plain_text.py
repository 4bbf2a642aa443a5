"""A fact's value as it is sent: plain text."""

from datetime import date
from decimal import Decimal

from django.utils.functional import Promise

SENDABLE = (str, bool, int, float, Decimal, date, Promise)


def plain_text(value: object) -> str:
    """The text of a value; "" for None.

    Raises TypeError for anything that is not sendable, such as a list, a path or a model instance:
    what their text would give away is not the probe's to decide.
    """
    if value is None:
        return ""
    if not isinstance(value, SENDABLE):
        raise TypeError(f"{type(value).__name__} is no value for a fact; return text or a number")
    return str(value).lower() if isinstance(value, bool) else str(value)
