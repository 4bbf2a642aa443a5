"""The terms on which a process counts, as last learned from the settings and the operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..cleaninsights.campaigns import Campaign, Period
from .folder import MEMORY, Place

MOST_NAMES: Final = 1_000  # different points of one campaign and period; the rest counts as "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A campaign and its window of consent; without a window nothing is counted for it."""

    campaign: Campaign
    window: Period | None

    @classmethod
    def always(cls, campaign: Campaign) -> Term:
        """Return the term under which the whole campaign is counted."""
        return cls(campaign=campaign, window=Period(start=campaign.start, end=campaign.end))

    def period(self, now: datetime) -> Period | None:
        """Return the period that is counted at `now`, None if none is."""
        period = self.campaign.current_period(now)
        return period if period and self.covers(period) else None

    def covers(self, period: Period) -> bool:
        """Whether the whole period is within the window."""
        window = self.window
        return window is not None and window.start <= period.start and period.end <= window.end

    def next_change(self, now: datetime) -> datetime | None:
        """Return when the next period begins, None if there is none."""
        if now < self.campaign.start:
            return self.campaign.start
        period = self.campaign.current_period(now)
        return period.end if period and now < period.end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The campaigns that may be counted, by id, and the place for counts until they are flushed."""

    campaigns: Mapping[str, Term] = field(default_factory=dict)
    place: Place = MEMORY
    is_on: bool = True

    def next_change(self, now: datetime) -> float:
        """Return when any campaign's next period begins, in seconds since the epoch."""
        changes = (term.next_change(now) for term in self.campaigns.values())
        return min((change.timestamp() for change in changes if change), default=float("inf"))


OFF: Final = Terms(is_on=False)
