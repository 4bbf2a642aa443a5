"""Keys of a configuration: spelling, parsing and validation."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from enum import Enum
from typing import Any, ClassVar, Final, TypedDict, TypeVar
from urllib.parse import urlsplit

from .exceptions import MISSING, ConfigurationError

T = TypeVar("T", bound="Keyed")

_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?(?:(Z)|([+-]\d\d):?(\d\d))"
)


class Kind(TypedDict):
    """The metadata of a field: a description of valid values, and a parser that raises ValueError."""

    expected: str
    read: Callable[[Any], Any]


class Keyed:
    """A dataclass for an object of cleaninsights.json: each field is a key with its Kind.

    Values are parsed and checked by the constructor, too.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @classmethod
    def from_dict(cls: type[T], found: Mapping[str, Any]) -> T:
        """Parse a mapping with camelCase keys, or raise ConfigurationError."""
        if not isinstance(found, Mapping):
            raise ConfigurationError("configuration", found, "an object")
        fields = {_camel_case(field.name): field for field in dataclasses.fields(cls)}
        for name, value in found.items():
            if name not in fields:
                expected = f"no other keys than {', '.join(fields)}"
                raise ConfigurationError(str(name), value, expected)
        for name, field in fields.items():
            if name not in found and field.default is dataclasses.MISSING:
                raise ConfigurationError(name, MISSING, field.metadata["expected"])
        return cls(**{fields[name].name: value for name, value in found.items()})

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _read(field, getattr(self, field.name))
            object.__setattr__(self, field.name, value)  # the dataclass is frozen
        self._check()

    def _check(self) -> None:
        """Refuse valid values that contradict each other."""


def _read(field: dataclasses.Field[Any], value: Any) -> Any:
    name = _camel_case(field.name)
    try:
        return field.metadata["read"](value)
    except ConfigurationError as error:
        raise error.below(name) from None
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(name, value, field.metadata["expected"]) from None


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def whole_number(expected: str, least: int | None = None) -> Kind:
    """Return the kind of integers from `least` on; JSON's 7.0 is one."""

    def read(value: Any) -> int:
        number = int(finite(value))
        if number != value or (least is not None and number < least):
            raise ValueError
        return number

    return Kind(expected=expected, read=read)


def number(expected: str, accepts: Callable[[float], bool]) -> Kind:
    """Return the kind of numbers that `accepts` accepts."""

    def read(value: Any) -> float:
        if not accepts(finite(value)):
            raise ValueError
        return finite(value)

    return Kind(expected=expected, read=read)


def finite(value: Any) -> int | float:
    """Accept a number that JSON can hold, but not True or False."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError


def one_of(choices: type[Enum]) -> Kind:
    """Return the kind of the values of an enumeration."""
    expected = " or ".join(repr(choice.value) for choice in choices)
    return Kind(expected=expected, read=choices)


def boolean(value: Any) -> bool:
    """Accept True and False, but no string: ``"False"`` would be true."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: Any) -> datetime:
    """Accept an aware datetime or its ISO 8601, which Python 3.10 parses in one spelling only."""
    if isinstance(value, datetime) and value.utcoffset() is not None:
        return value.astimezone(timezone.utc)
    if not (match := _MOMENT.fullmatch(value)):
        raise ValueError
    day, minute, second, fraction, utc, hours, minutes = match.groups()
    zone = "+00:00" if utc else f"{hours}:{minutes}"
    normal = f"{day}T{minute}{second or ':00'}.{fraction or '':0<6}{zone}"
    return datetime.fromisoformat(normal).astimezone(timezone.utc)


def url(value: Any) -> str:
    """Accept a full http(s) URL without white space or control characters."""
    if not isinstance(value, str):
        raise TypeError
    parts = urlsplit(value)
    is_full = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    if not is_full or not value.isprintable() or " " in value:
        raise ValueError
    return value


BOOLEAN: Final = Kind(expected="true or false", read=boolean)
MOMENT: Final = Kind(expected="a moment with zone such as '2026-01-31T00:00:00Z'", read=_moment)
URL: Final = Kind(expected="a full URL such as 'https://example.org/cleaninsights.php'", read=url)
