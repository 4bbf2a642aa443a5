"""The windows of consent: which campaigns may count, and until when, below the main switch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..campaigns import Declared, campaigns
from ..cleaninsights.campaigns import Campaign, Period
from ..cleaninsights.clock import EPOCH
from ..cleaninsights.consents import Consent as Consented
from ..cleaninsights.consents import ConsentState, campaign_granted, denied, state_of
from ..cleaninsights.datapoints import DataPoint
from ..conf.settings import Mode, conf
from ..measuring.policy import Term
from ..models import CampaignConsent, Consent
from ..models.transactions import held
from ..outbox import discard_campaign
from .rules import Ruling, by_operator, switched_off


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a campaign stands with the operator; without a row nobody has decided or opened it."""

    declared: Declared
    row: CampaignConsent | None

    @property
    def is_new(self) -> bool:
        """Whether its window has opened just now, and is not kept yet."""
        return self.row is not None and self.row.pk is None

    @property
    def choice(self) -> Consent.Choice:
        """What the operator has chosen for this campaign."""
        return Consent.Choice(self.row.choice) if self.row else Consent.Choice.UNKNOWN

    @property
    def consented(self) -> Consented | None:
        """What was said, as the SDK has it."""
        return None if self.row is None else consented(self.row)

    @property
    def term(self) -> Term:
        """What may be counted: nothing without a yes, or outside of its window."""
        return Term(campaign=self.declared.campaign, window=self.window)

    @property
    def window(self) -> Period | None:
        """The window of a yes."""
        if self.row is None or self.row.end is None or self.choice == Consent.Choice.DENIED:
            return None
        return Period(start=self.row.start, end=self.row.end)

    def state(self, now: datetime) -> ConsentState:
        """Return where consent to this campaign stands, as the SDK says it."""
        if now >= self.declared.campaign.end:
            return ConsentState.UNCONFIGURED
        return state_of(self.consented, now)

    def allows(self, point: DataPoint, *, begun: datetime) -> bool:
        """Whether a point may be kept that a journal has counted since it was begun."""
        decided_at = self.row and self.row.decided_at
        period = Period(start=point.period_start, end=point.period_end)
        return self.term.covers(period) and begun >= (decided_at or EPOCH)


def standings(consent: Consent, *, now: datetime) -> Mapping[str, Standing]:
    """Return where each campaign stands, by id; one query, and none without campaigns.

    What needs no answer is open from when it is first seen: its row is to be saved.
    """
    found = campaigns()
    rows = CampaignConsent.objects.in_bulk(map(subject_of, found), field_name="subject")
    return {
        campaign_id: Standing(
            declared=declared,
            row=rows.get(subject_of(campaign_id)) or opened(declared, consent, now),
        )
        for campaign_id, declared in found.items()
    }


def opened(declared: Declared, consent: Consent, now: datetime) -> CampaignConsent | None:
    """Return a window that opens now without an answer, None where one is needed or none fits."""
    window = declared.campaign.window(now)
    if window is None or not needs_no_answer(declared, consent):
        return None
    return CampaignConsent(subject=subject_of(declared.id), start=window.start, end=window.end)


def save(found: Iterable[Standing]) -> None:
    """Keep the windows that have opened; the caller holds consent."""
    CampaignConsent.objects.bulk_create(each.row for each in found if each.row and each.is_new)


def needs_no_answer(declared: Declared, consent: Consent) -> bool:
    """Whether the publisher's mode takes silence for a yes: in notice mode, of what was announced."""
    if conf.CONSENT is Mode.NOTICE:
        return declared.title in consent.disclosed
    return conf.CONSENT is Mode.OPT_OUT


def lock(consent: Consent) -> Ruling | None:
    """Return the rule of the main switch that keeps all campaigns off; None where each has its own say."""
    decisive = switched_off() or by_operator(consent)
    return None if decisive.gathers else decisive


def decide(campaign_id: str, choice: Consent.Choice, *, now: datetime) -> Consent.Choice:
    """Write the operator's choice for a campaign and return the one before; KeyError if there is none.

    A yes opens a new window; a no deletes what this campaign has counted and not sent.
    """
    with held() as consent:
        before = standings(consent, now=now)[campaign_id]
        if choice == Consent.Choice.GRANTED:
            said = granted(before, now)
        else:
            said = denied(before.consented, now)
            discard_campaign(campaign_id)
        put_consent(subject_of(campaign_id), said, choice=choice, now=now)
    return before.choice


def granted(before: Standing, now: datetime) -> Consented:
    """Return a yes: for a new window, else for what is left of the one that is open.

    Said before the campaign begins it is for its first window, not for none as with the SDK.
    """
    campaign = before.declared.campaign
    if before.window and opening(campaign, now) is None:
        return Consented(granted=True, start=before.window.start, end=before.window.end)
    return campaign_granted(campaign, max(now, campaign.start))


def opening(campaign: Campaign, now: datetime) -> Period | None:
    """Return the window that a yes would open: now, or when the campaign begins."""
    return campaign.window(max(now, campaign.start))


def subject_of(campaign_id: str) -> str:
    """Return what a Clean Insights client calls consent to a campaign."""
    return f"campaign/{campaign_id}"


def consented(row: CampaignConsent) -> Consented:
    """Return what a row says as the SDK has it: what nobody has decided is open."""
    return Consented(granted=row.choice != Consent.Choice.DENIED, start=row.start, end=row.end)


def put_consent(
    subject: str, said: Consented, *, choice: Consent.Choice, now: datetime | None = None
) -> None:
    """Write what was said about a subject; the caller holds consent."""
    values = {"choice": choice, "decided_at": now, "start": said.start, "end": said.end}
    CampaignConsent.objects.update_or_create(subject=subject, defaults=values)
