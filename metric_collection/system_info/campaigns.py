"""What campaigns count, for the operator's eyes: where each stands, its tally, what would be sent of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from ..campaigns import CampaignDeclaration, campaigns
from ..cleaninsights.campaigns import Period
from ..cleaninsights.datapoints import DataPoint, Event
from ..cleaninsights.payload import clean
from ..conf.settings import Mode, conf
from ..consent import campaigns as windows
from ..consent.campaigns import Standing
from ..consent.rules import ruling
from ..models import Consent, Measurement
from ..models import measurement as measurements
from ..outbox import iso, pack

SHOWN = 5  # events and visits of one campaign; a link leads to all of them


class Situation(models.TextChoices):
    """Where a campaign stands with the operator, as a sentence; `moment` is when that changes."""

    OVER = "over", _("Over since %(moment)s; nothing is counted any more.")
    DECLINED = "declined", _("Off, because a superuser has declined this campaign.")
    PAUSED = "paused", _("Off, because usage metrics are off.")
    FULL = "full", _("Off, because no whole period is left before it ends.")
    COMING = "coming", _("On from %(moment)s; nothing is counted before that.")
    ASKING = "asking", _("Off, until a superuser agrees to this campaign.")
    UNANNOUNCED = "unannounced", _("Off, until a superuser has been told of this campaign.")
    EXPIRED = "expired", _("Off since %(moment)s, for consent to it has run out.")
    AGREED = "agreed", _("On until %(moment)s, because a superuser has agreed.")
    SILENT = "silent", _("On until %(moment)s, and nobody has declined.")


COUNTING = frozenset({Situation.AGREED, Situation.SILENT})
ON = COUNTING | {Situation.COMING}
SETTLED = frozenset({Situation.OVER, Situation.FULL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a campaign has counted in the period that runs: so many kinds, the most frequent first."""

    points: Sequence[DataPoint] = ()
    kinds: int = 0
    times: int = 0

    @property
    def unlisted(self) -> int:
        """Return how many kinds are not among the points."""
        return self.kinds - len(self.points)

    @property
    def lines(self) -> list[tuple[str, int, float | None]]:
        """Say of each what it is, how often it came, and the aggregate of its values."""
        return [(words_of(each), each.times, getattr(each, "value", None)) for each in self.points]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A campaign at a moment: what was declared, decided and counted."""

    standing: Standing
    tally: Tally
    now: datetime
    is_paused: bool
    is_locked: bool
    needs_no_answer: bool

    @property
    def declared(self) -> CampaignDeclaration:
        return self.standing.declared

    @property
    def period(self) -> Period | None:
        """The period that runs, in the operator's time zone; None before, after or between."""
        period = self.declared.campaign.current_period(self.now)
        return period and Period(start=localtime(period.start), end=localtime(period.end))

    @property
    def ends(self) -> datetime:
        """When the campaign ends, in the operator's time zone."""
        return localtime(self.declared.campaign.end)

    @property
    def situation(self) -> Situation:
        """Say what decides, strongest reason first."""
        if self.now > self.declared.campaign.end:
            return Situation.OVER
        if self.standing.choice == Consent.Choice.DENIED:
            return Situation.DECLINED
        return Situation.PAUSED if self.is_paused else self._by_window

    @property
    def moment(self) -> datetime | None:
        """When the situation began or will end; None where nobody can know."""
        campaign, window = self.declared.campaign, self.standing.window
        if self.situation is Situation.OVER:
            return campaign.end
        if self.situation is Situation.COMING:
            return window.start if window else campaign.start
        return window.end if window else None

    @property
    def sentence(self) -> str:
        """State it in one plain sentence, in the language and time zone of the moment."""
        moment = self.moment and date_format(localtime(self.moment), "DATETIME_FORMAT")
        return str(self.situation.label) % {"moment": moment}

    @property
    def is_counting(self) -> bool:
        """Whether something can be counted at the moment."""
        return self.situation in COUNTING

    @property
    def is_on(self) -> bool:
        """Whether its switch stands on yes, be it by the operator's choice or by their silence."""
        return not self.is_locked and self._position in ON

    @property
    def is_open(self) -> bool:
        """Whether the operator is being asked: nobody has decided, or what was agreed to is over."""
        is_unanswered = self.standing.choice == Consent.Choice.UNKNOWN
        return not self.is_locked and (is_unanswered or self._position is Situation.EXPIRED)

    @property
    def has_switch(self) -> bool:
        """Whether anything is left to decide."""
        return self.situation not in SETTLED

    @property
    def _position(self) -> Situation:
        """Where its own switch stands, whatever the main one says."""
        is_declined = self.standing.choice == Consent.Choice.DENIED
        return Situation.DECLINED if is_declined else self._by_window

    @property
    def _by_window(self) -> Situation:
        window, campaign = self.standing.window, self.declared.campaign
        if window is None:
            return self._without_window
        if self.now > window.end:
            return Situation.EXPIRED if windows.opening(campaign, self.now) else Situation.FULL
        if self.now < window.start:
            return Situation.COMING
        is_silent = self.standing.choice == Consent.Choice.UNKNOWN
        return Situation.SILENT if is_silent else Situation.AGREED

    @property
    def _without_window(self) -> Situation:
        if windows.opening(self.declared.campaign, self.now) is None:
            return Situation.FULL
        if self.needs_no_answer:
            return Situation.COMING
        return Situation.ASKING if conf.CONSENT is Mode.OPT_IN else Situation.UNANNOUNCED


def usages(consent: Consent, *, now: datetime) -> list[Usage]:
    """Look at every campaign; two queries, and none without campaigns."""
    standings = windows.standings(consent, now=now)
    counted = tallies(standings, now=now) if standings else {}
    allowed, lock = ruling(consent), windows.lock(consent)
    return [
        Usage(
            standing=standing,
            tally=counted.get(campaign_id, Tally()),
            now=now,
            is_paused=not allowed.gathers,
            is_locked=lock is not None,
            needs_no_answer=windows.needs_no_answer(standing.declared, consent),
        )
        for campaign_id, standing in standings.items()
    ]


def tallies(campaign_ids: Mapping[str, object], *, now: datetime) -> dict[str, Tally]:
    """Return what was counted in the periods that run, by campaign id."""
    rows = Measurement.objects.of_campaigns(campaign_ids).ending_from(now).most_frequent(SHOWN)
    return {
        campaign_id: tally_of(list(group))
        for campaign_id, group in groupby(rows, key=attrgetter("campaign_id"))
    }


def tally_of(rows: Sequence[Measurement]) -> Tally:
    """Make a tally of the rows of one campaign, each of which knows of how many it is the choice."""
    first = rows[0]
    points = [row.point for row in rows]
    return Tally(points=points, kinds=first.of_kinds, times=first.of_times)  # type: ignore[attr-defined]


def words_of(point: DataPoint) -> str:
    """Say what was counted: category, action and name of an event, the path of a visit."""
    words = filter(None, point.identity) if isinstance(point, Event) else [point.identity]
    return clean(" / ".join(words))


def described(usage: Usage) -> dict[str, Any]:
    """Return where a campaign stands as JSON can hold it; moments in ISO 8601, UTC."""
    campaign, window = usage.declared.campaign, usage.standing.window
    return {
        "id": usage.declared.id,
        "title": usage.declared.title,
        "purpose": usage.declared.purpose,
        "situation": usage.situation.value,
        "reason": usage.sentence,
        "choice": usage.standing.choice.value,
        "window": window and {"from": iso(window.start), "until": iso(window.end)},
        "ends": iso(campaign.end),
        "counted": usage.tally.times,
    }


def next_body(campaign_id: str, *, now: datetime) -> bytes | None:
    """Return the next report of a campaign as it stands; None when nothing is counted."""
    return next(bodies(campaign_id, now=now), None) if campaign_id in campaigns() else None


def bodies(campaign_id: str, *, now: datetime) -> Iterator[bytes]:
    """Write what a campaign has counted and not sent, as it would be posted if its period ended now."""
    if conf.SITE_ID is not None:
        yield from map(pack, measurements.waiting(campaign_id, now))
