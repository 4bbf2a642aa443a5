"""Versions of clients: a period tells so many of them apart, however many processes have met more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from ..cleaninsights.datapoints import Event, identity_of
from ..models import Measurement
from ..models.measurement import Counted
from .agents import MOST_VERSIONS, OTHER
from .clients import CLIENTS


def capped(counted: Iterable[Counted]) -> Iterator[Counted]:
    """Return the points as they are, but for clients of too many versions; the caller holds consent."""
    known: dict[tuple[str, datetime], set[str]] = {}
    for campaign, point in counted:
        if isinstance(point, Event) and point.category == CLIENTS:
            period = point.campaign_id, point.period_end
            if period not in known:
                known[period] = kept(*period)
            yield campaign, told(point, known[period])
        else:
            yield campaign, point


def told(point: Event, known: set[str]) -> Event:
    """Return a point by its version while there is room among those that are known."""
    identity = identity_of(point)
    if identity not in known and len(known) >= MOST_VERSIONS:
        return replace(point, name=OTHER)
    known.add(identity)
    return point


def kept(campaign_id: str, period_end: datetime) -> set[str]:
    """Return the identities of the clients that a period knows already."""
    beginning = json.dumps(["event", CLIENTS]).rstrip("]")
    rows = Measurement.objects.of_campaign(campaign_id).filter(period_end__in=[period_end])
    return set(rows.filter(identity__startswith=beginning).values_list("identity", flat=True))
