"""What a setting may be: each function reads one kind of value, or raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ..cleaninsights.payload import clean

CATEGORIES = ("Install", "Upgrade", "Heartbeat")
T = TypeVar("T")
Raw = Any
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
LONGEST = timedelta(days=36525)
LENGTH = 200  # of a value in a message


def is_false_like(text: str) -> bool:
    """Whether an operator who wrote this meant no: ``False``, ``0``, ``no``, ``off``, in any case."""
    return text.strip().lower() in FALSE_WORDS


def boolean(value: Raw) -> bool:
    """Refuse everything but True and False: a string ``"False"`` would be true."""
    if not isinstance(value, bool):
        raise TypeError
    return value


def switch(value: Raw) -> bool:
    """Read the main switch, where a false-like text from the environment is a no."""
    return boolean(value) if not isinstance(value, str) else not is_false_like(value)


def text(value: Raw) -> str:
    """Refuse everything but a text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def web_address(value: Raw) -> str:
    """Refuse everything but a full http(s) URL."""
    parts = urlsplit(text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or (parts.port == 0):
        raise ValueError
    if value != clean(value):  # control characters, in a URL, are somebody's trap
        raise ValueError
    return str(value)


def site(value: Raw) -> int:
    """Refuse everything but an integer >= 1 (Matomo's ``idsite``)."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError
    return int(value)


def texts(value: Raw) -> tuple[str, ...]:
    """Refuse a bare string, whose letters would become the list."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError
    return tuple(text(item) for item in value)


def categories(value: Raw) -> tuple[str, ...]:
    """Refuse everything but a list of categories; it may be empty."""
    chosen = texts(value)
    if not set(chosen) <= set(CATEGORIES):
        raise ValueError
    return chosen


def extensions(value: Raw) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Read dotted paths, each by itself or in a pair with a mapping of options."""
    if not isinstance(value, (list, tuple)):
        raise TypeError
    pairs = [(entry, {}) if isinstance(entry, str) else entry for entry in value]
    return tuple((text(path), named(options)) for path, options in pairs)


def resolvable(value: Raw) -> str | Callable[[], object] | None:
    """Accept a text, a dotted path or a callable; ``probes`` makes the value of it."""
    return value if value is None or callable(value) else text(value)


def named(value: Raw) -> Mapping[str, Any]:
    """Refuse everything but a mapping whose keys are texts."""
    return {text(name): value[name] for name in value.keys()}  # noqa: SIM118  a set has no keys()


def packages(value: Raw) -> tuple[str, ...]:
    """Refuse everything but a list of names that can be imported."""
    names = texts(value)
    if not all(part.isidentifier() for name in names for part in name.split(".")):
        raise ValueError
    return names


def absolute_path(value: Raw) -> Path:
    """Refuse everything but a path that means the same in every process."""
    path = Path(value)
    if not path.is_absolute():
        raise ValueError
    return path


def off_switches(value: Raw) -> Mapping[str, bool]:
    """Refuse everything but names of environment variables with the answer that switches off."""
    return {name: boolean(answer) for name, answer in named(value).items()}


def duration(value: Raw) -> timedelta:
    """Read a timedelta, or a number of seconds; no longer than what can be added to a date."""
    span = value if isinstance(value, timedelta) else timedelta(seconds=number(value))
    if not timedelta(0) < span <= LONGEST:
        raise ValueError
    return span


def number(value: Raw) -> float:
    """Refuse everything but an int or a float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return float(value)


def timeouts(value: Raw) -> tuple[float, float]:
    """Read seconds to connect and seconds to read, or one number for both."""
    connect, read = value if isinstance(value, (list, tuple)) else (value, value)
    if not 0 < number(connect) <= 60 or not 0 < number(read) <= 60:
        raise ValueError
    return float(connect), float(read)


def optional(parse: Callable[[Raw], T]) -> Callable[[Raw], T | None]:
    """Accept None as well."""
    return lambda value: None if value is None else parse(value)


def told(tell: Callable[[Any], str], thing: object) -> str:
    """Return the `str` or `repr` of anything: short, printable, and made even of what refuses."""
    try:
        text = clean(tell(thing))
    except Exception:  # noqa: BLE001  a host's own object may raise anything when looked at
        return f"<{type(thing).__name__}>"
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}…"
