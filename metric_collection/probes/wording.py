"""The words of facts: of those that settings declare, and what is missing in a declaration."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from inspect import getdoc, isroutine
from typing import Any

from .probe import Fact, Probe

WORDS = ("description", "example", "purpose", "since")
REQUIRED = ("description", "purpose")


def worded(fact: Fact, *, entry: Any, source: object) -> Fact:
    """The fact in the entry's words, else described by the docstring of its source, if a function."""
    stated: dict[str, Any] = {}
    if is_worded(entry):
        stated = {word: str(entry[word]) for word in WORDS if word in entry}
    if isroutine(source) and (documentation := getdoc(source)):
        stated.setdefault("description", documentation.splitlines()[0])
    return replace(fact, **stated)


def is_worded(entry: Any) -> bool:
    """Whether an entry is a mapping of options and words rather than the bare thing."""
    return isinstance(entry, Mapping)


def missing_words(probe: Probe) -> Iterator[str]:
    """What an operator would have to do without: the probe's docstring, a fact's words."""
    if not (type(probe).__doc__ or "").strip():
        yield "docstring"
    for fact in probe.facts:
        yield from (
            f"{word} of {fact.name!r}" for word in REQUIRED if not getattr(fact, word).strip()
        )
