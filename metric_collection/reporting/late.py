"""Late points: the journal of an idle process may be flushed after its period was reported.

A second part of a sum is added up by the server. A second mean, or a second report of something that
is recorded only once, would be wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeAlias

from ..cleaninsights.campaigns import EventAggregationRule
from ..models import Report
from ..models.measurement import Counted, Group, group_of
from ..outbox import pack

Reported: TypeAlias = tuple[Any, ...]


def unsealed(counted: Iterable[Counted], *, now: datetime) -> Iterator[Counted]:
    """Omit late points that must not be reported a second time."""
    reported: dict[Group, set[Reported]] = {}
    for campaign, point in counted:
        is_mean = campaign.event_aggregation_rule is EventAggregationRule.AVG
        if point.period_end < now and (campaign.only_record_once or is_mean):
            group = campaign_id, period_end = group_of(point)
            if group not in reported:
                reports = Report.objects.filter(campaign_id=campaign_id, sealed_at__gte=period_end)
                bodies = reports.values_list("body", flat=True)
                reported[group] = {found for body in bodies for found in identities_in(body)}
            if not reported[group].isdisjoint(identities_in(pack([point]))):
                continue
        yield campaign, point


def identities_in(body: str | bytes) -> Iterator[Reported]:
    """Yield the identities of the points in a body."""
    parsed = json.loads(body)
    for found in (*parsed.get("events", ()), *parsed.get("visits", ())):
        period = found["period_start"], found["period_end"]
        names = (found.get(key) for key in ("category", "action", "name", "action_name"))
        yield (*period, *names)
