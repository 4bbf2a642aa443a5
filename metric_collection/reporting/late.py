"""Late points: the journal of an idle process may be flushed after its period was reported.

A second part of a sum is added up by the server. A second mean, or a second report of something that
is recorded only once, would be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from ..cleaninsights import payload
from ..cleaninsights.campaigns import Campaign, EventAggregationRule
from ..cleaninsights.datapoints import DataPoint, Event
from ..models import Report
from ..models.measurement import Counted, Group, group_of

Reported: TypeAlias = tuple[Any, ...]


def is_mean(campaign: Campaign) -> bool:
    """Whether values are averaged."""
    return campaign.event_aggregation_rule is EventAggregationRule.AVG


def unsealed(counted: Iterable[Counted], *, now: datetime) -> Iterator[Counted]:
    """Leave out late points that must not be reported a second time."""
    reported: dict[Group, set[Reported]] = {}
    for campaign, point in counted:
        group = group_of(point)
        is_late = point.period_end < now and (campaign.only_record_once or is_mean(campaign))
        if is_late and group not in reported:
            reported[group] = reported_of(*group)
        if not (is_late and as_reported(point) in reported[group]):
            yield campaign, point


def as_reported(point: DataPoint) -> Reported:
    """Return the identity of a point in a report."""
    events = [point] if isinstance(point, Event) else []
    visits = [] if isinstance(point, Event) else [point]
    return next(iter(identities_in(payload.encode(1, events=events, visits=visits))))


def reported_of(campaign_id: str, period_end: datetime) -> set[Reported]:
    """Return the points in a campaign's reports that may cover a period."""
    reports = Report.objects.of_campaign(campaign_id).filter(sealed_at__gte=period_end)
    bodies = reports.values_list("body", flat=True)
    return {found for body in bodies for found in identities_in(body)}


def identities_in(body: str | bytes) -> Iterator[Reported]:
    """Yield the identities of the points in a body."""
    parsed = json.loads(body)
    for found in (*parsed.get("events", ()), *parsed.get("visits", ())):
        period = found["period_start"], found["period_end"]
        names = (found.get(key) for key in ("category", "action", "name", "action_name"))
        yield (*period, *names)
