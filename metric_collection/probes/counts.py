"""The numbers of objects in ``METRIC_COLLECTION_COUNTS``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from ..measuring.buckets import UNEVEN, count_bucket, size_bucket
from .probe import WORDS, Fact, worded
from .queries.counting import count, countable


class Counts:
    """Reports the number of objects of the product.

    One probe for each count, so that one that takes too long costs no other. An entry is a model, a
    queryset, a callable or the name of one, or a mapping with it as ``of`` and with ``exact`` (send
    the number itself), ``unit`` ("bytes" for sizes), ``description``, ``example`` and ``purpose``.
    """

    heading = "Counts"
    keys = ("of", "exact", "unit", *WORDS)
    form = Fact(
        name="<name in COUNTS>",
        description="The number of objects of a kind.",
        example="1000-1999",
        purpose="To know how large installations are.",
        since="",
        coarsened=UNEVEN,
    )

    def __init__(self, fact_name: str, entry: Any) -> None:
        self.name = f"METRIC_COLLECTION_COUNTS[{fact_name!r}]"
        self._fact_name = fact_name
        self._entry = entry
        self._options = entry if isinstance(entry, Mapping) else {"of": entry}
        self._is_exact = self._options.get("exact") is True

    @property
    def facts(self) -> Sequence[Fact]:
        thing = self._thing
        fact = replace(
            self.form,
            name=self._fact_name,
            example=self._text(1234),
            coarsened="" if self._is_exact else UNEVEN,
        )
        if isinstance(thing, QuerySet):
            things = thing.model._meta.verbose_name_plural
            words = gettext("The number of %(things)s.") % {"things": things}
            fact = replace(fact, description=words)
        return [worded(fact, entry=self._entry, source=thing)]

    def gather(self) -> Mapping[str, object]:
        number = count(self._thing, exactly=self._is_exact)
        return {self._fact_name: None if number is None else self._text(number)}

    @property
    def _thing(self) -> Any:
        if "of" not in self._options:
            raise ValueError("the entry has no 'of'")
        return countable(self._options["of"])

    def _text(self, number: int) -> str:
        if self._is_exact:
            return str(number)
        is_size = self._options.get("unit") == "bytes"
        return size_bucket(number) if is_size else count_bucket(number)
