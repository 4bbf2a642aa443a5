"""The words of a fact that is declared in settings."""

from collections.abc import Mapping
from dataclasses import replace
from inspect import getdoc, isroutine
from typing import Any

from .probe import Fact

WORDS = ("description", "example", "purpose", "since")


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
