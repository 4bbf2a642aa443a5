"""Publications: settled periods of public sites, after the rules, frozen as exact JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta
from typing import Any

from ..conf import conf
from ..counting.days import DAY, end_of
from ..counting.failures import Failures
from ..models import Period, Publication, Site, Span
from ..models.rows import atomic
from .counts import counts
from .holding import reason_to_hold
from .rules import Rules, published

FORMAT = 1
AFTER = {Span.DAY: timedelta(days=3), Span.WEEK: timedelta(days=3), Span.MONTH: timedelta(days=4)}
HELD_FOR = timedelta(days=7)
TOO_FEW = "too few installations"
COUNTED = {
    Span.DAY: "installations whose first report of that UTC day arrived within 3 days of its end",
    Span.WEEK: "installations whose first report of that ISO week arrived within 3 days of its end",
    Span.MONTH: "installations whose first report of that UTC month arrived within 3 days of its end",
}


def publish(now: datetime) -> int:
    """Publish settled periods, hold unusual ones; return the number of new publications.

    Raises SitesFailedError in the end if some could not be published.
    """
    today, number, failures = now.date(), 0, Failures()
    states = [Period.State.SETTLED, Period.State.HELD]
    periods = Period.objects.filter(site__is_public=True, state__in=states).select_related("site")
    for each in periods.order_by("start", "span"):
        if _is_due(each, today):
            with failures.of(each.site_id):
                number += _publish_or_hold(each, now)
    failures.raise_if_any()
    return number


def _is_due(period: Period, today: date) -> bool:
    due = end_of(period.span, period.start) + AFTER[Span(period.span)]
    if period.state == Period.State.HELD:
        due += HELD_FOR
    return due <= today


def _publish_or_hold(period: Period, now: datetime) -> bool:
    if period.state == Period.State.HELD:
        return freeze(period, now, unusual=period.note)
    # A backlog, such as a site that has become public, is judged as well: its holds end at once.
    reason = reason_to_hold(period)
    if not reason:
        return freeze(period, now)
    period.note = reason
    if _is_due(Period(span=period.span, start=period.start, state=Period.State.HELD), now.date()):
        return freeze(period, now, unusual=reason)
    Period.objects.filter(pk=period.pk, state=Period.State.SETTLED).update(
        state=Period.State.HELD, note=reason
    )
    return False


def freeze(period: Period, now: datetime, *, unusual: str = "") -> bool:
    """Publish a period as it is counted now; False where too few installations were counted."""
    with atomic(Period):
        Site.objects.locked([period.site_id])  # forget-fact may be erasing what is counted here
        content = published(counts(period, now.date()), Rules(minimum=conf.PUBLIC_MINIMUM))
        body = "" if content is None else body_of(period, content, now, unusual)
        state = Period.State.PUBLISHED if body else Period.State.LEFT_OUT
        undecided = [Period.State.SETTLED, Period.State.HELD]
        claimed = Period.objects.filter(pk=period.pk, state__in=undecided)
        if not claimed.update(state=state, note=unusual if body else TOO_FEW):
            return False  # another process was first
        if body:
            Publication.objects.create(
                site=period.site,
                span=period.span,
                start=period.start,
                body=body,
                sha256=digest_of(body),
                published_at=now,
            )
    return bool(body)


def body_of(period: Period, content: dict[str, Any], now: datetime, unusual: str) -> str:
    """Write the JSON of a publication, format 1: a published format is never changed."""
    span = Span(period.span)
    head = {
        "format": FORMAT,
        "product": period.site.name,
        "span": span.name.lower(),
        "first": period.start.isoformat(),
        "last": (end_of(span, period.start) - DAY).isoformat(),
        "published": now.date().isoformat(),
        "unit": "installations",
        "counted": COUNTED[span],
        "exact": period.is_exact,
        "minimum": conf.PUBLIC_MINIMUM,
        "unusual": unusual or None,
    }
    return json.dumps({**head, **content}, ensure_ascii=False)


def digest_of(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def decide(period: Period, *, publishes: bool, note: str, now: datetime) -> bool:
    """Publish a held period, or leave it out for good; False if it is not held any more."""
    if publishes:
        return freeze(period, now, unusual=note or period.note)
    held = Period.objects.filter(pk=period.pk, state=Period.State.HELD)
    return bool(held.update(state=Period.State.LEFT_OUT, note=note or period.note))
