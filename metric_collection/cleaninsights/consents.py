"""Consent to campaigns and features, with its window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .campaigns import Campaign


class Feature(str, Enum):
    """Information on the user's environment that may be sent with measurements."""

    LANG = "lang"
    UA = "ua"


class ConsentState(str, Enum):
    """The state of consent at a moment."""

    UNCONFIGURED = "unconfigured"
    UNKNOWN = "unknown"
    DENIED = "denied"
    NOT_STARTED = "notStarted"
    GRANTED = "granted"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Consent from `start` to `end`, both included (None: without end), or its denial."""

    granted: bool
    start: datetime
    end: datetime | None

    def state(self, now: datetime) -> ConsentState:
        """Return the state at `now`."""
        if not self.granted:
            return ConsentState.DENIED
        if self.end is None:
            return ConsentState.GRANTED
        if now < self.start:
            return ConsentState.NOT_STARTED
        return ConsentState.EXPIRED if now > self.end else ConsentState.GRANTED


def state_of(consent: Consent | None, now: datetime) -> ConsentState:
    """Return the state at `now`; None as consent means that nobody was asked."""
    return ConsentState.UNKNOWN if consent is None else consent.state(now)


def campaign_granted(campaign: Campaign, now: datetime) -> Consent:
    """Return consent with a new window; without a possible window it has already expired."""
    window = campaign.window(now)
    if window is None:
        return Consent(granted=True, start=now, end=now)
    return Consent(granted=True, start=window.start, end=window.end)


def feature_granted(before: Consent | None, now: datetime) -> Consent:
    """Return consent to a feature, keeping the time of an earlier one."""
    if before is not None and before.granted:
        return before
    return Consent(granted=True, start=now, end=None)


def denied(before: Consent | None, now: datetime) -> Consent:
    """Return denial, keeping the time of an earlier one."""
    if before is not None and not before.granted:
        return before
    return Consent(granted=False, start=now, end=now)
