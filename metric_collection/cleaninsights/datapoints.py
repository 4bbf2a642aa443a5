"""Events and visits, counted per campaign and period, and their coding as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


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
