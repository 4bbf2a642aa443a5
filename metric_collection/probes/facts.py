"""The facts that the publisher states in settings: ``METRIC_COLLECTION_FACTS``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .probe import WORDS, Fact, worded
from .values.references import follow, resolve
from .values.text import plain_text


class Facts:
    """Reports facts that the makers of the product state in its settings.

    One probe for each fact, so that a callable that raises costs no other fact. An entry is a value,
    a dotted path or a callable, or a mapping with it as ``value`` and with ``description``,
    ``example`` and ``purpose``.
    """

    heading = "Stated facts"
    keys = ("value", *WORDS)
    form = Fact(
        name="<name in FACTS>",
        description="A fact from the settings of the product.",
        example="stable",
        purpose="To know how the product is set up.",
        since="",
    )

    def __init__(self, fact_name: str, entry: Any) -> None:
        self.name = f"METRIC_COLLECTION_FACTS[{fact_name!r}]"
        self._fact_name = fact_name
        self._entry = entry
        self._options = entry if isinstance(entry, Mapping) else {"value": entry}

    @property
    def facts(self) -> Sequence[Fact]:
        source: object = self._value
        try:
            if isinstance(source, str):
                source = follow(source)
        except ImportError:
            source = None  # gather raises
        stated = "" if callable(source) else plain_text(source)
        fact = replace(self.form, name=self._fact_name, example=stated or self.form.example)
        return [worded(fact, entry=self._entry, source=source)]

    def gather(self) -> Mapping[str, object]:
        return {self._fact_name: resolve(self._value)}

    @property
    def _value(self) -> object:
        if "value" not in self._options:
            raise ValueError("the entry has no 'value'")
        return self._options["value"]
