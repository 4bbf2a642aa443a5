"""How an app declares its settings: each once, typed, read lazily. An invalid value never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from django.conf import settings

from . import values

T = TypeVar("T")


class Setting(Generic[T]):
    """A descriptor that reads and parses one setting at every access; the default if it is invalid."""

    name: str

    def __init__(self, parse: Callable[[Any], T], default: Any, *, id: str, expected: str) -> None:  # noqa: A002
        self.parse = parse
        self.default = default
        self.id = id
        self.expected = expected

    def __set_name__(self, owner: type[Declaration], name: str) -> None:
        # The prefix alone is the main switch: METRIC_COLLECTION.
        self.name = owner.prefix if name == "ENABLED" else f"{owner.prefix}_{name}"

    # typing keeps overloads, and all that they can reach, until the very end: exits would be slower.
    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Setting[T]: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> T | Setting[T]:
        if instance is None:
            return self
        try:
            return self.parse(self.raw)
        except Exception:  # noqa: BLE001  a host's own object may raise anything
            return self.parse(self.default) if self.default is not None else cast(T, None)

    @property
    def raw(self) -> Any:
        """The host's value as it is."""
        return getattr(settings, self.name, self.default)

    def problem(self) -> Problem | None:
        """Return why the value is invalid, or None if it is valid."""
        try:
            self.parse(self.raw)
        except Exception as error:  # noqa: BLE001  see __get__
            return Problem(setting=self, value=self.raw, detail=values.safe_str(error))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A setting with an invalid value."""

    setting: Setting[Any]
    value: Any
    detail: str


class Declaration:
    """The settings of one app: a subclass names the prefix and declares a `Setting` for each."""

    prefix: ClassVar[str]

    @classmethod
    def declared(cls) -> Iterator[Setting[Any]]:
        """Yield every setting in the order of its declaration."""
        return (value for value in vars(cls).values() if isinstance(value, Setting))

    @classmethod
    def problems(cls) -> list[Problem]:
        """Return every setting with an invalid value."""
        return [problem for setting in cls.declared() if (problem := setting.problem())]
