"""Erases values that should never have been collected, from the tables and from publications."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from ..counting.catalog import chunks, digest_of_text
from ..counting.texts import clean
from ..models import (
    Arrival,
    Cell,
    Fact,
    Pair,
    Publication,
    Refusal,
    Site,
    Usage,
    UsageName,
    Value,
)
from ..models.rows import atomic
from .counts import product_of
from .publications import digest_of
from .rules import minor

logger = logging.getLogger("metric_collection.collector")


def forget_fact(fact: Fact, *, text: str | None, now: datetime) -> tuple[int, int]:
    """Erase a fact, or one of its values; return the numbers of values and of publications changed.

    The log names the fact and never the text.
    """
    with atomic(Fact):
        Site.objects.locked([fact.site_id])  # a roll-up may be counting these values
        facts = _with_events(fact)
        ids = list(values_of(fact, text).values_list("pk", flat=True))
        for chunk in chunks(ids):
            Cell.objects.filter(fact__in=facts, value__in=chunk).delete()
            Pair.objects.filter(value__in=chunk).delete()
            Pair.objects.filter(by__in=chunk).delete()
            Value.objects.filter(pk__in=chunk).delete()
        if text is None:
            Fact.objects.filter(pk__in=facts).delete()
        changed = _rewrite(fact, text, now)
    logger.info(
        "Erased %s of the fact %r.", "a value" if text is not None else "everything", fact.name
    )
    return len(ids), changed


def values_of(fact: Fact, text: str | None) -> QuerySet[Value]:
    """Return all values to erase with a fact, or those with exactly this text."""
    values = Value.objects.filter(fact__in=_with_events(fact))
    if text is None:
        return values
    return values.filter(role=Value.Role.NAMED, digest=digest_of_text(clean(text)))


def _with_events(fact: Fact) -> list[int]:
    """Return the ids of a fact and, if it is the product's version, of the built-in facts that name it too."""
    facts = fact.site.facts
    if fact.name != product_of(fact.site, facts.reported()):
        return [fact.pk]
    return [fact.pk, *facts.filter(is_built_in=True).values_list("pk", flat=True)]


def _rewrite(fact: Fact, text: str | None, now: datetime) -> int:
    """Write the publications that show it anew, marked with the day."""
    names = None if text is None else _published_names(fact, text)
    changed = 0
    for publication in Publication.objects.filter(site=fact.site_id).iterator():
        content = json.loads(publication.body)
        if _remove(content, fact.name, names):
            content["rewritten"] = now.date().isoformat()
            body = json.dumps(content, ensure_ascii=False)
            Publication.objects.filter(pk=publication.pk).update(
                body=body, sha256=digest_of(body), published_at=now
            )
            changed += 1
    return changed


def _published_names(fact: Fact, text: str) -> set[str]:
    """Return the names under which an erased value was published, but not a minor that others share."""
    if fact.kind != Fact.Kind.VERSION:
        return {text}
    left = Value.objects.filter(fact=fact, role=Value.Role.NAMED).values_list("text", flat=True)
    return {text, minor(text) or text} - {minor(each) for each in left}


def _remove(content: dict[str, Any], fact: str, names: set[str] | None) -> bool:
    """Remove a fact or some of its values from the content of a publication; whether they were there."""
    values = content.get("facts", {}).get(fact, {}).get("values", {})
    erased = set(values) if names is None else names & set(values)
    if not erased:
        return False
    if "pairs" in content:
        content["pairs"] = _tables_without(erased, content["pairs"], fact, set(values))
    for name in erased:
        del values[name]
    if not values:
        del content["facts"][fact]
    return True


def _tables_without(
    erased: set[str], tables: Mapping[str, Any], fact: str, values: set[str]
) -> dict[str, Any]:
    """Return the tables of a week without these of a fact's values."""
    # Rows are the product's versions, columns the values of the fact that the table is named after. Which fact
    # was the product then is not stated: it has no table, and every row is one of its values.
    rows = {row for table in tables.values() for row in table}
    is_product = fact not in tables and rows <= values
    kept: dict[str, Any] = {}
    for name, table in tables.items():
        for row, cells in table.items():
            left = {v: n for v, n in cells.items() if name != fact or v not in erased}
            if left and not (is_product and row in erased):
                kept.setdefault(name, {})[row] = left
    return kept


def forget_site(site: Site, *, before: date | None) -> int:
    """Erase a site's numbers, or those of periods that began before a day; return the number of periods.

    The site and its dictionary are kept: this is for starting over after a test phase.
    """
    with atomic(Site):
        Site.objects.locked([site.pk])
        earlier = {} if before is None else {"start__lt": before}
        for chunk in chunks(Fact.objects.filter(site=site).values_list("pk", flat=True)):
            Cell.objects.filter(fact__in=chunk, **earlier).delete()
        values = Value.objects.filter(fact__site=site)
        for chunk in chunks(values.values_list("pk", flat=True)):
            Pair.objects.filter(value__in=chunk, **earlier).delete()
        Usage.objects.filter(usage_name__site=site, **earlier).delete()
        UsageName.objects.filter(site=site, usages=None).delete()
        Publication.objects.filter(site=site, **earlier).delete()
        number, _ = site.periods.filter(**earlier).delete()
        if before is None:
            Arrival.objects.filter(site_id=site.pk).delete()
            Refusal.objects.filter(site_id=site.pk).delete()
        for chunk in chunks(values.values_list("pk", flat=True)):
            facts = values.filter(pk__in=chunk).values("fact")
            used = Cell.objects.filter(fact__in=facts, value__in=chunk).values_list(
                "value", flat=True
            )
            Value.objects.filter(pk__in=set(chunk) - set(used)).delete()
    return number
