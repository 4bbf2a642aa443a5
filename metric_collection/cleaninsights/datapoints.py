"""Events and visits, counted per campaign and period, and their coding as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

OTHER: Final = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that happened `times` times in a period; `value` aggregates all values."""

    category: str
    action: str
    period_start: datetime
    period_end: datetime
    name: str | None = None
    value: float | None = None
    times: int = 1
    campaign_id: str = ""

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """Events of one campaign and period with the same identity are counted together."""
        return self.category, self.action, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A place in the product, outermost part first, visited `times` times in a period."""

    path: tuple[str, ...]
    period_start: datetime
    period_end: datetime
    times: int = 1
    campaign_id: str = ""

    @property
    def identity(self) -> str:
        """The path as it is sent: parts joined with "/"."""
        return "/".join(self.path)


DataPoint: TypeAlias = Event | Visit


def identity_of(point: DataPoint) -> str:
    """Return kind and identity as ASCII JSON, which any database can store."""
    if isinstance(point, Event):
        return json.dumps(["event", *point.identity])
    return json.dumps(["visit", point.identity])


def point_of(
    identity: str,
    *,
    campaign_id: str,
    period_start: datetime,
    period_end: datetime,
    times: int,
    value: float | None,
) -> DataPoint:
    """Return the point of an identity made by `identity_of`."""
    kind, *texts = json.loads(identity)
    place: dict[str, Any] = {
        "campaign_id": campaign_id,
        "period_start": period_start,
        "period_end": period_end,
        "times": times,
    }
    if kind == "visit":
        return Visit(path=tuple(texts[0].split("/")), **place)
    category, action, name = texts
    return Event(category=category, action=action, name=name, value=value, **place)


def key_of(point: DataPoint) -> list[str]:
    """Return campaign, period and identity as JSON can hold them: points with the same key are merged."""
    period = point.period_start.isoformat(), point.period_end.isoformat()
    return [point.campaign_id, *period, identity_of(point)]


def point_of_key(key: Sequence[str]) -> DataPoint:
    """Return the point with a key that `key_of` returned, counted no times yet; or raise ValueError."""
    campaign_id, start, end, identity = key
    return point_of(
        identity,
        campaign_id=campaign_id,
        period_start=aware(start),
        period_end=aware(end),
        times=0,
        value=None,
    )


def aware(text: str) -> datetime:
    """Return a moment that can be compared with any other, or raise ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return found


def other(point: DataPoint) -> DataPoint:
    """Return the point under which a name is counted that exceeds a limit on the number of names."""
    if isinstance(point, Event):
        return replace(point, name=OTHER)
    return replace(point, path=(OTHER,))
