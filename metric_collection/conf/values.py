"""Parsers of settings: each reads one kind of value, or raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from ..cleaninsights import keys
from ..cleaninsights.payload import clean

CATEGORIES = ("Install", "Upgrade", "Heartbeat")
FIRST_REPORT_OF = "first_report_of"
T = TypeVar("T")
Raw = Any
TRUE_WORDS: Final = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS: Final = frozenset({"false", "0", "no", "off"})
LONGEST_SPAN: Final = timedelta(days=36525)  # 100 years
LONGEST_REPR: Final = 200  # characters of a value in a message

boolean = keys.boolean
web_address = keys.url
site = keys.whole_number("a whole number >= 1", 1)["read"]


def is_unless(text: str, words: frozenset[str]) -> bool:
    """Return whether an environment variable is set, and to none of `words`, in any case."""
    word = text.strip().lower()
    return bool(word) and word not in words


def switch(value: Raw) -> bool:
    """Read METRIC_COLLECTION; a string, as from the environment, is on if empty or a clear yes."""
    return boolean(value) if not isinstance(value, str) else not is_unless(value, TRUE_WORDS)


def text(value: Raw) -> str:
    """Accept a string that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def texts(value: Raw) -> tuple[str, ...]:
    """Accept a list of strings, but not a single string: its letters would become the list."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError
    return tuple(text(item) for item in value)


def categories(value: Raw) -> tuple[str, ...]:
    """Accept a list of categories, which may be empty."""
    chosen = texts(value)
    if not set(chosen) <= set(CATEGORIES):
        raise ValueError
    return chosen


def extensions(value: Raw) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Read dotted paths, alone or in pairs with a mapping of options."""
    if not isinstance(value, (list, tuple)):
        raise TypeError
    pairs = [(entry, {}) if isinstance(entry, str) else entry for entry in value]
    return tuple((text(path), named(options)) for path, options in pairs)


def resolvable(value: Raw) -> str | Callable[[], object] | None:
    """Accept a string, a dotted path, a callable or None; ``probes`` resolves it."""
    return value if value is None or callable(value) else text(value)


def named(value: Raw) -> Mapping[str, Any]:
    """Accept a mapping whose keys are strings."""
    return {text(name): value[name] for name in value.keys()}  # noqa: SIM118  a set has no keys()


def packages(value: Raw) -> tuple[str, ...]:
    """Accept a list of importable names."""
    names = texts(value)
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError
    return names


def absolute_path(value: Raw) -> Path:
    """Accept an absolute path: a relative one would differ between processes."""
    path = Path(value)
    if not path.is_absolute():
        raise ValueError
    return path


def off_switches(value: Raw) -> Mapping[str, bool]:
    """Accept a mapping of environment variables to the answer that switches metrics off."""
    return {name: boolean(answer) for name, answer in named(value).items()}


def duration(value: Raw) -> timedelta:
    """Read a timedelta or a number of seconds, at most 100 years, which can be added to any date."""
    span = value if isinstance(value, timedelta) else timedelta(seconds=keys.finite(value))
    if not timedelta(0) < span <= LONGEST_SPAN:
        raise ValueError
    return span


def timeouts(value: Raw) -> tuple[float, float]:
    """Read seconds to connect and seconds to read, or one number for both."""
    connect, read = value if isinstance(value, (list, tuple)) else (value, value)
    if not 0 < keys.finite(connect) <= 60 or not 0 < keys.finite(read) <= 60:
        raise ValueError
    return float(connect), float(read)


def optional(parse: Callable[[Raw], T]) -> Callable[[Raw], T | None]:
    """Accept None as well."""
    return lambda value: None if value is None else parse(value)


def safe_repr(thing: object) -> str:
    """Return ``repr(thing)`` for a message: short, printable, and of any object."""
    return _safe(repr, thing)


def safe_str(thing: object) -> str:
    """Return ``str(thing)`` for a message: short, printable, and of any object."""
    return _safe(str, thing)


def _safe(convert: Callable[[object], str], thing: object) -> str:
    try:
        text = clean(convert(thing))
    except Exception:  # noqa: BLE001  a host's own object may raise anything
        return f"<{type(thing).__name__}>"
    return text if len(text) <= LONGEST_REPR else f"{text[:LONGEST_REPR]}…"
