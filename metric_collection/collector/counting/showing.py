"""The numbers of a site, as ``show`` prints them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from ..models import Cell, Period, Site, Span, Usage

COLUMNS = ("installations", "heartbeats", "upgrades", "installs", "opt_outs")


def shown(site: Site, *, since: date | None = None, until: date | None = None) -> dict[str, Any]:
    """Return the days and the usage from `since` to `until`, both inclusive."""
    first, last = since or date.min, until or date.max
    days = {
        period.start: {
            "day": period.start.isoformat(),
            **{column: getattr(period, column) for column in COLUMNS},
            "facts": {},
        }
        for period in Period.objects.filter(
            site=site, span=Span.DAY, start__range=(first, last)
        ).order_by("start")
        if any(getattr(period, column) for column in COLUMNS)
    }
    for fact in site.facts.reported():
        cells = Cell.objects.filter(fact=fact, span=Span.DAY, start__range=(first, last))
        for cell in cells.select_related("value").order_by("start", "-n", "value"):
            if cell.start in days:
                values = days[cell.start]["facts"].setdefault(fact.name, Counter())
                values[str(cell.value)] += cell.n  # a text may be "(other)" as well
    return {"site": site.pk, "days": list(days.values()), "usage": _usage(site, first, last)}


def _usage(site: Site, first: date, last: date) -> list[dict[str, Any]]:
    rows = Usage.objects.filter(usage_name__site=site, start__range=(first, last))
    return [
        {
            "category": row.usage_name.category,
            "action": row.usage_name.action,
            "name": row.usage_name.name if row.usage_name.has_name else None,
            "start": row.start.isoformat(),
            "days": row.days,
            "installations": row.installations,
            "times": row.times,
            "value_sum": row.value_sum,
        }
        for row in rows.select_related("usage_name").order_by("start", "days", "usage_name")
    ]


def lines(numbers: dict[str, Any]) -> list[str]:
    """Return the same numbers as lines to read."""
    found = []
    for day in numbers["days"]:
        counts = ", ".join(f"{column.replace('_', '-')} {day[column]}" for column in COLUMNS)
        found.append(f"{day['day']}  {counts}")
        for fact, values in day["facts"].items():
            stated = ", ".join(f"{text} {n}" for text, n in values.items())
            found.append(f"    {fact}: {stated}")
    for usage in numbers["usage"]:
        names = [usage["category"], usage["action"], usage["name"]]
        found.append(
            f"{usage['start']}  {' / '.join(filter(None, names))}: {usage['installations']}"
            f" installations, {usage['times']} times in {usage['days']} days"
        )
    return found or ["Nothing was counted."]
