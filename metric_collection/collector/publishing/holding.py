"""Unusual periods are held until somebody decides, or a week has passed."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from django.utils.text import Truncator

from ..conf import conf
from ..models import Cell, Fact, Period, Span, Value

WEEKS = 4
MORE_THAN, LESS_THAN = 3.0, 0.5  # of the median
# Of a large fleet: 200 networks can forge 100,000 reports a day, which are only twice as many as 100,000.
MORE_THAN_LARGE = 1.5
JUMP = 0.25  # of the fleet
LONGEST_NAME = 100  # of a fact in a reason


def reason_to_hold(period: Period) -> str:
    """Return the reason to hold a period, in English; empty without one. Months consist of judged weeks."""
    if period.span == Span.MONTH or period.active < conf.PUBLIC_MINIMUM:
        return ""
    starts = [period.start - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    earlier = Period.objects.filter(site=period.site_id, span=period.span, start__in=starts)
    sizes = {each.start: each.active for each in earlier}
    if not sizes:
        return ""
    usual = median(sizes.values())
    most = max(MORE_THAN_LARGE * usual, min(MORE_THAN * usual, usual + conf.NETWORK_DAILY))
    if usual and not LESS_THAN * usual <= period.active <= most:
        return f"{period.active / usual:.1f} times the usual number of installations"
    before = max(sizes)
    return (
        _jump(period, before=before, size_before=sizes[before]) if period.span == Span.WEEK else ""
    )


def _jump(period: Period, *, before: object, size_before: int) -> str:
    """Name the text fact of which a value has jumped. Releases make versions jump: those are not judged."""
    facts = Fact.objects.filter(site=period.site_id, is_public=True, is_built_in=False)
    facts = facts.exclude(kind=Fact.Kind.VERSION)
    shares: dict[tuple[str, int], dict[object, float]] = {}
    rows = Cell.objects.filter(
        fact__in=facts,
        span=period.span,
        start__in=[period.start, before],
        value__role=Value.Role.NAMED,
    )
    sizes = {period.start: period.active, before: size_before}
    for name, value, start, n in rows.values_list("fact__name", "value_id", "start", "n"):
        shares.setdefault((name, value), {})[start] = n / max(1, sizes[start])
    for (name, _), share in sorted(shares.items()):
        if abs(share.get(period.start, 0) - share.get(before, 0)) > JUMP:
            fact = Truncator(name).chars(LONGEST_NAME)
            return f"a value of {fact} has changed by more than a quarter of the installations"
    return ""
