"""How an app declares its settings: each once, typed, read lazily, and never fatal to the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from django.conf import settings

from . import values

T = TypeVar("T")


class Setting(Generic[T]):
    """One declared setting: a descriptor that reads ``django.conf.settings`` at every access."""

    name: str

    def __init__(self, parse: Callable[[Any], T], default: Any, *, id: str, expected: str) -> None:  # noqa: A002
        self.parse = parse
        self.default = default
        self.id = id
        self.expected = expected

    def __set_name__(self, owner: type[Declaration], name: str) -> None:
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
        except Exception:  # noqa: BLE001  a host's own object may raise anything when looked at
            return self.parse(self.default) if self.default is not None else cast(T, None)

    @property
    def raw(self) -> Any:
        """The host's value, unparsed."""
        return getattr(settings, self.name, self.default)

    def problem(self) -> Problem | None:
        """Return what is wrong with the host's value, or None."""
        try:
            self.parse(self.raw)
        except Exception as error:  # noqa: BLE001  see __get__
            return Problem(setting=self, value=self.raw, detail=values.told(str, error))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A setting whose value does not parse."""

    setting: Setting[Any]
    value: Any
    detail: str


class Declaration:
    """The settings of one app: a subclass names the prefix and declares a `Setting` for each."""

    prefix: ClassVar[str]

    @classmethod
    def declared(cls) -> Iterator[Setting[Any]]:
        """Every setting, in the order of their check ids."""
        return (value for value in vars(cls).values() if isinstance(value, Setting))

    @classmethod
    def problems(cls) -> list[Problem]:
        """Return what is wrong with the host's settings; empty if nothing is."""
        return [problem for setting in cls.declared() if (problem := setting.problem())]
