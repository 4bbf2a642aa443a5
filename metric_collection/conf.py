"""The settings: each declared once, read lazily, and never fatal to the host.

A value that does not parse reads as the default; ``checks`` tells the publisher, and ``consent``
keeps the app silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, overload
from urllib.parse import urlsplit

from django.conf import settings

from .cleaninsights.payload import clean

PREFIX = "METRIC_COLLECTION"
NAMESPACE = "usage_metrics"
CATEGORIES = ("Install", "Upgrade", "Heartbeat")
T = TypeVar("T")
Raw = Any
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
LONGEST = timedelta(days=36525)
SPAN = "a timedelta or seconds, more than 0 and at most 100 years"
LENGTH = 200  # of a value in a message


class Mode(str, Enum):
    """What an operator's silence means (``METRIC_COLLECTION_CONSENT``)."""

    OPT_OUT = "opt-out"
    NOTICE = "notice"
    OPT_IN = "opt-in"


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


class Setting(Generic[T]):
    """One declared setting: a descriptor that reads ``django.conf.settings`` at every access."""

    name: str

    def __init__(self, parse: Callable[[Raw], T], default: Raw, *, id: str, expected: str) -> None:  # noqa: A002
        self.parse = parse
        self.default = default
        self.id = id
        self.expected = expected

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = PREFIX if name == "ENABLED" else f"{PREFIX}_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> T | Setting[T]:
        if instance is None:
            return self
        try:
            return self.parse(self.raw)
        except Exception:  # noqa: BLE001  a host's own object may raise anything when looked at
            return self.parse(self.default) if self.default is not None else cast(T, None)

    @property
    def raw(self) -> Raw:
        """The host's value, unparsed."""
        return getattr(settings, self.name, self.default)

    def problem(self) -> Problem | None:
        """Say what is wrong with the host's value, or None."""
        try:
            self.parse(self.raw)
        except Exception as error:  # noqa: BLE001  see __get__
            return Problem(setting=self, value=self.raw, detail=told(str, error))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A setting whose value does not parse."""

    setting: Setting[Any]
    value: Raw
    detail: str


class Settings:
    """Every setting; attribute names are those of the documentation without their prefix."""

    ENABLED = Setting(switch, default=True, id="E001", expected="True or False")
    COLLECTOR_URL = Setting(
        web_address,
        default=None,
        id="E002",
        expected="a full http(s) URL such as 'https://metrics.example.org/cleaninsights.php'",
    )
    SITE_ID = Setting(
        site, default=None, id="E003", expected="the collector's site id, an integer >= 1"
    )
    PRODUCT = Setting(
        text, default="Product", id="E004", expected="the product's display name, a text"
    )
    PRODUCT_VERSION = Setting(
        resolvable, default=None, id="E005", expected="a text, a dotted path, a callable or None"
    )
    MODULES = Setting(
        texts,
        default=(),
        id="E006",
        expected="a list of distribution names or patterns such as ['acme-*']",
    )
    LIBRARIES = Setting(texts, default=(), id="E007", expected="a list of distribution names")
    INSTALLATION_METHOD = Setting(
        resolvable, default=None, id="E008", expected="a text, a dotted path, a callable or None"
    )
    PROBES = Setting(
        extensions,
        default=(),
        id="E009",
        expected="a list of dotted paths to probes, or of pairs (dotted path, {option: value})",
    )
    FACTS = Setting(
        named,
        default={},
        id="E010",
        expected="a dictionary of fact names to texts, numbers, callables, or dictionaries with "
        "'value', 'description', 'example' and 'purpose'",
    )
    COUNTS = Setting(
        named,
        default={},
        id="E011",
        expected="a dictionary of fact names to models, querysets, callables, or dictionaries with "
        "'of', 'exact', 'unit', 'description', 'example' and 'purpose'",
    )
    CAMPAIGNS = Setting(
        named,
        default={},
        id="E012",
        expected="a dictionary of campaign ids to Clean Insights campaigns",
    )
    CONSENT = Setting(
        Mode, default="opt-out", id="E013", expected="'opt-out', 'notice' or 'opt-in'"
    )
    REPORT_OPT_OUT = Setting(boolean, default=False, id="E014", expected="True or False")
    LEARN_MORE_URL = Setting(
        optional(web_address), default=None, id="E015", expected="a full http(s) URL or None"
    )
    HEARTBEAT_INTERVAL = Setting(
        duration,
        default=timedelta(hours=24),
        id="E016",
        expected=SPAN,
    )
    MAX_AGE = Setting(
        duration,
        default=timedelta(days=100),
        id="E017",
        expected=SPAN,
    )
    MAX_RETRY_DELAY = Setting(
        duration,
        default=timedelta(hours=1),
        id="E018",
        expected=SPAN,
    )
    TIMEOUT = Setting(
        timeouts,
        default=(4, 8),
        id="E019",
        expected="seconds to connect and to read, each up to 60",
    )
    KEEP_REPORTS = Setting(
        duration,
        default=timedelta(days=90),
        id="E020",
        expected=SPAN,
    )
    SEND_IN_DEVELOPMENT = Setting(boolean, default=False, id="E021", expected="True or False")
    QUEUE = Setting(
        optional(text), default=None, id="E022", expected="the name of a Celery queue or None"
    )
    FLUSH_INTERVAL = Setting(
        duration,
        default=timedelta(seconds=10),
        id="E023",
        expected="a timedelta or seconds, more than 0",
    )
    STATE_FOLDER = Setting(
        optional(absolute_path), default=None, id="E024", expected="an absolute path or None"
    )
    OFF_SWITCHES = Setting(
        off_switches,
        default={},
        id="E025",
        expected="a dictionary of environment variables to True (a yes switches off, as in "
        "'ACME_DISABLE_TELEMETRY') or False (a no does, as in 'ACME_TELEMETRY')",
    )
    CATEGORIES = Setting(
        categories,
        default=CATEGORIES,
        id="E026",
        expected="a list of 'Install', 'Upgrade' and 'Heartbeat', or of some of them",
    )
    SELECTION = Setting(
        texts,
        default=("*",),
        id="E027",
        expected="a list of names or patterns of facts such as ['os_version', 'acme-*']",
    )
    RECORDERS = Setting(
        named,
        default={},
        id="E028",
        expected="a dictionary of recorders to campaign ids, or to dictionaries with 'campaign'",
    )
    PACKAGES = Setting(
        packages,
        default=(),
        id="E029",
        expected="a list of packages as they are imported, such as ['acme', 'acme_plugins.labels']",
    )

    @classmethod
    def declared(cls) -> Iterator[Setting[Any]]:
        """Every setting, in the order of their check ids."""
        return (value for value in vars(cls).values() if isinstance(value, Setting))

    @classmethod
    def problems(cls) -> list[Problem]:
        """Say what is wrong with the host's settings; empty when all is well."""
        return [problem for setting in cls.declared() if (problem := setting.problem())]


conf = Settings()
