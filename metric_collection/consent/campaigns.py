"""Consent to each campaign, below the main switch: which may count, and in which window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from ..campaigns import CampaignDeclaration, campaigns
from ..cleaninsights.campaigns import Campaign, Period
from ..cleaninsights.clock import EPOCH
from ..cleaninsights.datapoints import DataPoint
from ..conf.settings import Mode, conf
from ..measuring.policy import Term
from ..models import CampaignConsent, Consent
from ..models.report import CLOCK_SKEW
from ..models.transactions import held
from ..outbox import discard_campaign
from .announcements import announce
from .rules import Ruling, by_operator, switched_off, valid_choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A campaign and its row; without a row it is undecided and no window is open."""

    declared: CampaignDeclaration
    row: CampaignConsent | None

    @property
    def is_new(self) -> bool:
        """Whether its window has just been opened and is not saved yet."""
        return self.row is not None and self.row.pk is None

    @property
    def choice(self) -> Consent.Choice:
        return Consent.Choice(self.row.choice) if self.row else Consent.Choice.UNKNOWN

    def may_count(self, now: datetime) -> bool:
        """Whether there is a window that is not over."""
        return self.window is not None and now <= self.window.end

    def valid_choice(self, now: datetime) -> Consent.Choice:
        """Return the operator's choice; a yes whose window is over counts as no answer."""
        if self.choice == Consent.Choice.GRANTED and not self.may_count(now):
            return Consent.Choice.UNKNOWN
        return self.choice

    @property
    def term(self) -> Term:
        """The campaign and the window in which it may count."""
        return Term(campaign=self.declared.campaign, window=self.window)

    @property
    def window(self) -> Period | None:
        if self.row is None or self.row.end is None or self.choice == Consent.Choice.DENIED:
            return None
        return Period(start=self.row.start, end=self.row.end)

    def allows(self, point: DataPoint, *, begun: datetime, now: datetime) -> bool:
        """Whether consent covers a point of a journal that was begun at that moment."""
        if self.row is None or begun < counts_since(self.row, now=now):
            return False
        return self.term.covers(Period(start=point.period_start, end=point.period_end))


def counts_since(consent: Consent | CampaignConsent, *, now: datetime) -> datetime:
    """Return the moment before which nothing may have been counted.

    That is the answer or notice that began what is allowed now; a yes that only confirms it changes
    nothing. What is allowed by default has no beginning; one in the future, by a clock that was ahead,
    is ignored.
    """
    since = consent.allowed_since or EPOCH
    return since if since <= now + CLOCK_SKEW else EPOCH


def standings(
    consent: Consent, *, now: datetime, seen: Mapping[str, datetime] = MappingProxyType({})
) -> Mapping[str, Standing]:
    """Return the standing of each campaign by id, with one query if there are campaigns.

    A campaign that needs no answer of its own gets a window from when it was first seen (`seen`, by
    id, else now); see `save`.
    """
    found = campaigns()
    saved = CampaignConsent.objects.in_bulk(found, field_name="campaign_id")
    rows = {
        campaign_id: row
        for campaign_id, row in saved.items()
        if not is_ahead(row, found[campaign_id].campaign, now=now)
    }
    return {
        campaign_id: Standing(
            declared=declared,
            row=rows.get(campaign_id)
            or opened(declared, consent, now=now, seen=seen.get(campaign_id, now)),
        )
        for campaign_id, declared in found.items()
    }


def is_ahead(row: CampaignConsent, campaign: Campaign, *, now: datetime) -> bool:
    """Whether this window was opened without an answer, by a clock that was ahead."""
    window = campaign.window(now)
    if window is None or row.choice != Consent.Choice.UNKNOWN:
        return False
    return bool(row.start > max(now, window.start) + CLOCK_SKEW)


def opened(
    declared: CampaignDeclaration, consent: Consent, *, now: datetime, seen: datetime
) -> CampaignConsent | None:
    """Return an unsaved window from `seen` on; None if the campaign needs an answer or none fits.

    A window that would already be over, as for a very old journal, opens now instead.
    """
    window = declared.campaign.window(seen)
    if window is None or window.end <= now:
        window = declared.campaign.window(now)
    if window is None or not needs_no_answer(declared, consent, now=now):
        return None
    return CampaignConsent(campaign_id=declared.id, start=window.start, end=window.end)


def save(found: Iterable[Standing]) -> None:
    """Save the windows that have just been opened, over any that `is_ahead`; the caller holds consent."""
    rows = [each.row for each in found if each.row and each.is_new]
    CampaignConsent.objects.upsert(rows, key="campaign_id", fields=["start", "end"])


def needs_no_answer(
    declared: CampaignDeclaration, consent: Consent, *, now: datetime | None = None
) -> bool:
    """Whether a campaign may count without an answer of its own.

    In notice mode that takes a notice that lists it, in opt-in mode a yes to a question that lists it.
    """
    if conf.CONSENT is Mode.OPT_OUT:
        return True
    if conf.CONSENT is Mode.OPT_IN and valid_choice(consent, now=now) != Consent.Choice.GRANTED:
        return False
    return declared.token in consent.disclosed


def may_all_count(consent: Consent, *, now: datetime) -> bool:
    """Whether every campaign may count by the main switch alone."""
    return by_operator(consent, now=now).gathers and all(
        needs_no_answer(declared, consent, now=now) for declared in campaigns().values()
    )


def lock(consent: Consent) -> Ruling | None:
    """Return the rule that keeps all campaigns off, or None if each follows its own switch."""
    decisive = switched_off() or by_operator(consent)
    return None if decisive.gathers else decisive


def decide(campaign_id: str, choice: Consent.Choice, *, now: datetime) -> Consent.Choice:
    """Save the operator's choice for a campaign and return the previous one; KeyError if it is unknown.

    A yes opens a new window, or keeps the open one if no new one fits before the campaign's end. A no
    deletes the campaign's unsent data.
    """
    with held() as consent:
        standing = standings(consent, now=now)[campaign_id]
        before = standing.valid_choice(now)
        values: dict[str, object] = {"choice": choice, "decided_at": now}
        if choice == Consent.Choice.GRANTED:
            # Unlike in the SDK, a yes before the campaign starts opens its first window.
            moment = max(now, standing.declared.campaign.start)
            window = opening(standing.declared.campaign, now) or standing.window
            values["start"] = window.start if window else moment
            values["end"] = window.end if window else moment
            if not standing.may_count(now):
                values["allowed_since"] = now
        else:
            discard_campaign(campaign_id)
            # A repeated no keeps the time of the first.
            if before != Consent.Choice.DENIED:
                values.update(start=now, end=now)
        CampaignConsent.objects.update_or_create(campaign_id=campaign_id, defaults=values)
        announce(choice, before, campaign_id=campaign_id)
    return before


def opening(campaign: Campaign, now: datetime) -> Period | None:
    """Return the window that a yes would open, now or when the campaign starts."""
    return campaign.window(max(now, campaign.start))
