"""The exact counts of a settled period, as the rules take them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from ..counting.catalog import digest_of
from ..counting.days import DAY, WEEK, end_of
from ..counting.reports import PRODUCT_ENDING
from ..models import Cell, Fact, Pair, Period, Site, Span, Spread, Usage, Value
from . import rules

# A month is published four days after its end. Usage settles seven days after its period: what ended in the last
# three days of a month is published with the next one.
USAGE_SHIFT = timedelta(days=3)


def counts(period: Period, today: date) -> rules.Counts:
    """Read the public facts of a period that is published today, without hidden values."""
    site = period.site
    facts = list(site.facts.filter(is_declared=True, is_public=True, is_built_in=False))
    return rules.Counts(
        span=rules.Span(period.span),
        installations=period.active,
        new=period.installs,
        upgraded=period.upgrades,
        product=product_of(site, facts),
        facts=list(named_facts(period, facts, today)),
        usage=list(usage(period)) if period.span == Span.MONTH else (),
    )


def product_of(site: Site, facts: Iterable[Fact]) -> str:
    """Return the name of the fact with the product's version."""
    if site.product_fact:
        return str(site.product_fact)
    return next((fact.name for fact in facts if fact.name.endswith(PRODUCT_ENDING)), "")


def named_facts(period: Period, facts: list[Fact], today: date) -> Iterator[rules.Fact]:
    values = cells(period.span, period.start, facts)
    before: Mapping[int, dict[str, int]] = {}
    by_version: Mapping[int, Counter[tuple[str, str]]] = {}
    if period.span == Span.WEEK:
        # Backdated reports fill two weeks at once: staff must have seen the value for a week as well.
        seen = {"value__qualified_on__lte": today - WEEK}
        before = cells(period.span, period.start - WEEK, facts, **seen)
        by_version = pairs(period, facts)
    for fact in facts:
        yield rules.Fact(
            name=fact.name,
            kind=fact.kind,
            values=values.get(fact.pk, {}),
            values_before=before.get(fact.pk, {}),
            pairs=by_version.get(fact.pk, {}),
        )


def cells(
    span: str, start: date, facts: list[Fact], **conditions: date
) -> Mapping[int, dict[str, int]]:
    """Return fact -> value -> installations."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    rows = Cell.objects.filter(
        fact__in=facts,
        span=span,
        start=start,
        value__role=Value.Role.NAMED,
        value__is_hidden=False,
        **conditions,
    )
    for fact, text, n in rows.values_list("fact_id", "value__text", "n"):
        found[fact][text] = n
    return found


def pairs(period: Period, facts: list[Fact]) -> Mapping[int, Counter[tuple[str, str]]]:
    """Return fact -> (product version, value) -> installations."""
    product = product_of(period.site, facts)
    found: defaultdict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    rows = Pair.objects.filter(
        start=period.start,
        by__fact__site=period.site_id,
        by__fact__digest=digest_of(product, is_built_in=False),
        by__role=Value.Role.NAMED,
        value__fact__in=facts,
        value__role=Value.Role.NAMED,
        value__is_hidden=False,
    )
    for fact, version, text, n in rows.values_list(
        "value__fact_id", "by__text", "value__text", "n"
    ):
        found[fact][version, text] = n
    return found


def usage(period: Period) -> Iterator[rules.Usage]:
    """Yield the settled usage of campaign periods that ended in this month, shifted by three days."""
    last = end_of(Span.MONTH, period.start) - USAGE_SHIFT
    rows = [
        row
        for row in Usage.objects.filter(
            usage_name__site=period.site_id, is_folded=True, start__lt=last
        )
        .select_related("usage_name")
        .order_by("start", "days", "usage_name__category", "usage_name__action", "usage_name__name")
        if period.start - USAGE_SHIFT < row.start + max(1, row.days) * DAY <= last
    ]
    spread: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for each in Spread.objects.filter(usage__in=[row.pk for row in rows]):
        spread[each.usage_id][each.bucket] = each.installations
    for row in rows:
        name = row.usage_name
        yield rules.Usage(
            labels={
                "category": name.category,
                "action": name.action,
                "name": name.name if name.has_name else None,
                "start": row.start.isoformat(),
                "days": row.days,
            },
            installations=row.installations,
            buckets=spread[row.pk],
        )
