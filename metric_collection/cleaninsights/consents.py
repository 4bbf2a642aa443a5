"""Consent: what was allowed, from when until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .campaigns import Campaign


class Feature(str, Enum):
    """What can be told about the user's environment beside what is measured."""

    LANG = "lang"
    UA = "ua"


class ConsentState(str, Enum):
    """Where consent stands at a moment."""

    UNCONFIGURED = "unconfigured"
    UNKNOWN = "unknown"
    DENIED = "denied"
    NOT_STARTED = "notStarted"
    GRANTED = "granted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A yes for the time from `start` to `end`, both included (None: for good), or a no."""

    granted: bool
    start: datetime
    end: datetime | None

    def state(self, now: datetime) -> ConsentState:
        """Return where this consent stands at `now`."""
        if not self.granted:
            return ConsentState.DENIED
        if self.end is None:
            return ConsentState.GRANTED
        if now < self.start:
            return ConsentState.NOT_STARTED
        return ConsentState.EXPIRED if now > self.end else ConsentState.GRANTED


def state_of(consent: Consent | None, now: datetime) -> ConsentState:
    """Return where consent stands at `now`; None means that nobody was asked."""
    return ConsentState.UNKNOWN if consent is None else consent.state(now)


def campaign_granted(campaign: Campaign, now: datetime) -> Consent:
    """Return a new yes, whatever was said before; without a window it is over as it is given."""
    window = campaign.window(now)
    if window is None:
        return Consent(granted=True, start=now, end=now)
    return Consent(granted=True, start=window.start, end=window.end)


def feature_granted(before: Consent | None, now: datetime) -> Consent:
    """Return a yes; the first one's time is kept."""
    if before is not None and before.granted:
        return before
    return Consent(granted=True, start=now, end=None)


def denied(before: Consent | None, now: datetime) -> Consent:
    """Return a no; the first one's time is kept."""
    if before is not None and not before.granted:
        return before
    return Consent(granted=False, start=now, end=now)
