"""All sites at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from statistics import median

from ..counting.days import DAY
from ..counting.settling import AFTER
from ..models import Period, Site, Span
from .charts import Sparkline
from .figures import change, whole
from .numbers import FOUR_WEEKS


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """A site with its active installations."""

    site: Site
    text: str
    note: str
    line: Sparkline


def cards(sites: list[Site], today: date) -> Iterator[SiteCard]:
    """Yield a card for each site; one query for all."""
    since = today - FOUR_WEEKS - 10 * DAY
    rows = Period.objects.filter(span=Span.DAY, start__gte=since).values_list(
        "site_id", "start", "installations"
    )
    counts = {(site, day): n for site, day, n in rows}
    last_complete = today - AFTER
    for site in sites:
        line = [counts.get((site.pk, today - n * DAY)) for n in range(28, -1, -1)]
        now = typical(counts, site, last_complete)
        before = typical(counts, site, last_complete - FOUR_WEEKS)
        yield SiteCard(
            site=site,
            text=whole(now or 0),
            note=change(now or 0, before),
            line=Sparkline(values=line),
        )


def typical(counts: dict[tuple[int, date], int], site: Site, until: date) -> float | None:
    """Return the median of seven days."""
    days = [until - n * DAY for n in range(7)]
    known = [counts[site.pk, day] for day in days if (site.pk, day) in counts]
    return median(known) if known else None
