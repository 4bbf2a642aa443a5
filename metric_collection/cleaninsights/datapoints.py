"""What is measured: events and visits, counted per campaign and period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened `times` times in a period; `value` is the aggregate of all their values."""

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
        """What makes two events of one campaign and period the same."""
        return self.category, self.action, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A place in the product, outermost part first, that was visited `times` times in a period."""

    path: tuple[str, ...]
    period_start: datetime
    period_end: datetime
    times: int = 1
    campaign_id: str = ""

    @property
    def identity(self) -> str:
        """The path as it is sent; what makes two visits of one campaign and period the same."""
        return "/".join(self.path)


DataPoint: TypeAlias = Event | Visit
