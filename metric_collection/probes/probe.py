"""The declaration of facts, and the protocol of the probes that gather them."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from inspect import getdoc, isroutine
from typing import Any, Protocol

from ..cleaninsights.payload import sendable
from . import probe_names


class Compared(Enum):
    """Which changes of a fact are an Upgrade: a new or higher version, any change, or none."""

    VERSION = "version"
    VALUE = "value"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact that may be sent, in the words that operators read before anything is sent.

    ``coarsened`` says how the value is made less exact; it is empty if the value is sent as it is.
    """

    name: str
    description: str
    example: str
    purpose: str
    since: str = "1.0"
    coarsened: str = ""
    compared: Compared = Compared.NEVER

    def __post_init__(self) -> None:
        """Raise ValueError for an empty name; keep of any other name the part that can be sent."""
        if not self.name.strip():
            raise ValueError(f"{self.name!r} is not a valid name for a fact")
        object.__setattr__(self, "name", sendable(self.name))


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be known here; ``reason`` completes "not known here, because"."""

    reason: str


class Probe(Protocol):
    """Gathers the facts that it declares; ``facts`` may be a class attribute or a property.

    ``gather`` returns fact name -> string, bool, number, date or ``Unknown``. None and "" mean that
    there is no value, without a reason. It never uses the network and never starts a process.
    """

    @property
    def facts(self) -> Sequence[Fact]: ...

    def gather(self) -> Mapping[str, object]: ...


def name_of(probe: Probe) -> str:
    """The name of a probe in logs and in the dictionary: its ``name``, or the path of its class."""
    return str(getattr(probe, "name", path_of(type(probe))))


def path_of(probe: type[Probe]) -> str:
    """The dotted path of a probe's class; ``metric_collection.probes.Host`` for those of this app."""
    return f"{__package__ if _is_ours(probe) else probe.__module__}.{probe.__qualname__}"


def group_of(probe: Probe | type[Probe]) -> str:
    """The name of the group that an operator can decline: ``operating-system`` for OperatingSystem.

    A publisher's probe that is named like one of this app has its package in front.
    """
    cls = probe if isinstance(probe, type) else type(probe)
    group = "-".join(_words(cls)).lower()
    if _is_ours(cls) or cls.__name__.removesuffix("Probe") not in probe_names():
        return group
    return f"{cls.__module__.partition('.')[0]}-{group}"


def heading_of(probe: type[Probe]) -> str:
    """Its ``heading``, or the words of its name: "Operating system" for OperatingSystem."""
    return str(getattr(probe, "heading", " ".join(_words(probe)).capitalize()))


def _is_ours(probe: type[Probe]) -> bool:
    return probe.__module__.startswith(f"{__package__}.")


def _words(probe: type[Probe]) -> list[str]:
    name = probe.__name__.removesuffix("Probe") or probe.__name__
    return re.findall("[A-Z]+[a-z0-9]*|[a-z0-9]+", name) or [name]


WORDS = ("description", "example", "purpose", "since")
REQUIRED = ("description", "purpose")


def worded(fact: Fact, *, entry: Any, source: object) -> Fact:
    """The fact in the words of its entry in the settings, or of its function's docstring."""
    stated: dict[str, Any] = {}
    if isinstance(entry, Mapping):
        stated = {word: str(entry[word]) for word in WORDS if word in entry}
    if isroutine(source) and (documentation := getdoc(source)):
        stated.setdefault("description", documentation.splitlines()[0])
    return replace(fact, **stated)


def summary_of(documented: type) -> str:
    """The first line of the docstring; of a dataclass without one, not the signature that it has instead."""
    line = (documented.__doc__ or "").strip().partition("\n")[0]
    return "" if line.startswith(f"{documented.__name__}(") else line


def missing_words(probe: Probe) -> Iterator[str]:
    """The words that operators need and the declaration lacks: the docstring, a description."""
    if sys.flags.optimize >= 2:  # python -OO strips docstrings, which hold some of them
        return
    if not summary_of(type(probe)):
        yield "docstring"
    for fact in probe.facts:
        yield from (
            f"{word} of {fact.name!r}" for word in REQUIRED if not getattr(fact, word).strip()
        )
