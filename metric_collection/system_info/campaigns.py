"""Campaigns as operators see them: the state of each, its counts, and the report that would be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import models
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ..campaigns import CampaignDeclaration
from ..campaigns import campaigns as declared_campaigns
from ..cleaninsights.campaigns import Period
from ..cleaninsights.datapoints import DataPoint, Event
from ..cleaninsights.payload import clean
from ..conf.settings import Mode, conf
from ..consent import campaigns as windows
from ..consent.campaigns import Standing
from ..consent.rules import Ruling, ruling
from ..models import Consent, Measurement
from ..models import measurement as measurements
from ..outbox import iso, pack

SHOWN = 5  # events and visits of one campaign; a link leads to all of them
FEW = 8  # campaigns that are listed on the page; more have a page of their own


class Situation(models.TextChoices):
    """The state of a campaign as a sentence; `moment` is when it began or will end."""

    OVER = "over", _("Ended on %(moment)s.")
    DECLINED = "declined", _("Off: a superuser has declined this campaign.")
    PAUSED = "paused", _("Off: usage metrics are off.")
    FULL = "full", _("Off: no whole period is left before the campaign ends.")
    COMING = "coming", _("On, starts on %(moment)s.")
    ASKING = "asking", _("Off until a superuser agrees to this campaign.")
    UNANNOUNCED = "unannounced", _("Off until a superuser has seen the notice that lists it.")
    EXPIRED = "expired", _("Off: consent expired on %(moment)s.")
    AGREED = "agreed", _("On.")
    SILENT = "silent", _("On by default.")


ASKED_AGAIN = _("You will be asked again on %(moment)s.")
ENDS = _("It ends on %(moment)s.")
COUNTING = frozenset({Situation.AGREED, Situation.SILENT})
ON = COUNTING | {Situation.COMING}
QUESTIONS = frozenset({Situation.ASKING, Situation.EXPIRED})
SETTLED = frozenset({Situation.OVER, Situation.FULL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The counts of a campaign in its current period, the most frequent first."""

    points: Sequence[DataPoint] = ()
    kinds: int = 0
    times: int = 0

    @property
    def lines(self) -> str:
        """How often each event or visit was counted, with the aggregate of its values; one on each line."""
        rest = self.kinds - len(self.points)
        more = ngettext("and %(number)d more", "and %(number)d more", rest) % {"number": rest}
        return "\n".join([*map(line_of, self.points), *([more] if rest else [])])


@dataclass(frozen=True, kw_only=True)
class CampaignStatus:
    """A campaign at present: its declaration, the operator's choice and its counts."""

    number: int  # in the order of the settings
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
        """The current period, in the operator's time zone; None before and after the campaign."""
        period = self.declared.campaign.current_period(self.now)
        return period and Period(start=localtime(period.start), end=localtime(period.end))

    @cached_property
    def situation(self) -> Situation:
        """The first that applies, strongest reason first."""
        if self.now > self.declared.campaign.end:
            return Situation.OVER
        if self.standing.choice == Consent.Choice.DENIED:
            return Situation.DECLINED
        return Situation.PAUSED if self.is_paused else self._by_window

    @property
    def moment(self) -> datetime | None:
        """When the situation began or will end; None if that is unknown."""
        campaign, window = self.declared.campaign, self.standing.window
        if self.situation is Situation.OVER:
            return campaign.end
        if self.situation is Situation.COMING:
            return window.start if window else campaign.start
        return window.end if window else None

    @property
    def sentence(self) -> str:
        """The situation in the active language and time zone."""
        form, window = str(self.situation.label), self.standing.window
        if self.situation in COUNTING and window is not None:
            # The campaign may go on after the window of its consent.
            goes_on = windows.opening(self.declared.campaign, window.end) is not None
            form = f"{form} {ASKED_AGAIN if goes_on else ENDS}"
        moment = self.moment and date_format(localtime(self.moment), "DATE_FORMAT")
        return form % {"moment": moment}

    @property
    def note(self) -> str:
        """The situation, over which spans counts are summed, and whether there are any."""
        if not self.has_switch:
            return self.sentence
        days = self.declared.campaign.aggregation_period_length
        spans = ngettext(
            "Counts are totaled daily until %(end)s.",
            "Counts are totaled every %(days)d days until %(end)s.",
            days,
        ) % {"days": days, "end": date_format(localtime(self.declared.campaign.end), "DATE_FORMAT")}
        is_empty = self.situation in COUNTING and not self.tally.kinds
        nothing = gettext("Nothing has been counted in this period yet.") if is_empty else ""
        return f"{self.sentence} {spans} {nothing}".rstrip()

    @property
    def counted(self) -> str:
        """How often something was counted in the current period."""
        start = self.period and date_format(self.period.start, "DATE_FORMAT")
        words = ngettext(
            "Counted once since %(start)s",
            "Counted %(times)s times since %(start)s",
            self.tally.times,
        )
        return words % {"times": number_format(self.tally.times), "start": start}

    @property
    def is_on(self) -> bool:
        """Whether its switch is on, by the operator's choice or by default."""
        return not self.is_locked and self._position in ON

    @property
    def is_open(self) -> bool:
        """Whether an answer is wanted: nobody has decided, or consent has expired."""
        is_unanswered = self.standing.choice == Consent.Choice.UNKNOWN
        return not self.is_locked and (is_unanswered or self._position is Situation.EXPIRED)

    @property
    def has_switch(self) -> bool:
        """Whether anything is left to decide."""
        return self.situation not in SETTLED

    @cached_property
    def _position(self) -> Situation:
        """The situation by its own switch alone."""
        is_declined = self.standing.choice == Consent.Choice.DENIED
        return Situation.DECLINED if is_declined else self._by_window

    @property
    def _by_window(self) -> Situation:
        window, campaign = self.standing.window, self.declared.campaign
        if window is None:
            if windows.opening(campaign, self.now) is None:
                return Situation.FULL
            if self.needs_no_answer:
                return Situation.COMING
            return Situation.ASKING if conf.CONSENT is Mode.OPT_IN else Situation.UNANNOUNCED
        # A yes for which no whole period was left has opened an empty window.
        if self.now > window.end or window.end <= window.start:
            return Situation.EXPIRED if windows.opening(campaign, self.now) else Situation.FULL
        if self.now < window.start:
            return Situation.COMING
        is_silent = self.standing.choice == Consent.Choice.UNKNOWN
        return Situation.SILENT if is_silent else Situation.AGREED


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigns:
    """All campaigns, and the rule that keeps them off together, if any."""

    campaigns: Sequence[CampaignStatus]
    lock: Ruling | None

    @property
    def listed(self) -> Sequence[CampaignStatus]:
        """Those that the page lists: all if they are few, else those that ask for an answer."""
        return self.campaigns if len(self.campaigns) <= FEW else self.asking

    @property
    def asking(self) -> list[CampaignStatus]:
        """Those that ask for an answer."""
        return [each for each in self.campaigns if each.situation in QUESTIONS]

    @property
    def gist(self) -> str:
        number, counting = (
            len(self.campaigns),
            sum(each.situation in COUNTING for each in self.campaigns),
        )
        words = ngettext("%(number)d campaign", "%(number)d campaigns", number)
        state = ngettext("%(number)d counting", "%(number)d counting", counting)
        return f"{words % {'number': number}}, {state % {'number': counting}}"


def campaigns(consent: Consent, *, now: datetime) -> Campaigns | None:
    """Read the campaigns for the page, with counts if they are few; None if there are none."""
    found = usages(consent, now=now, counted=len(declared_campaigns()) <= FEW)
    return Campaigns(campaigns=found, lock=windows.lock(consent)) if found else None


def usages(consent: Consent, *, now: datetime, counted: bool = True) -> list[CampaignStatus]:
    """Return the status of every campaign; one query, two with counts, and none without campaigns."""
    standings = windows.standings(consent, now=now)
    found = tallies(standings, now=now) if standings and counted else {}
    allowed, lock = ruling(consent), windows.lock(consent)
    return [
        CampaignStatus(
            number=number,
            standing=standing,
            tally=found.get(campaign_id, Tally()),
            now=now,
            is_paused=not allowed.gathers,
            is_locked=lock is not None,
            needs_no_answer=windows.needs_no_answer(standing.declared, consent),
        )
        for number, (campaign_id, standing) in enumerate(standings.items(), start=1)
    ]


def tallies(campaign_ids: Mapping[str, object], *, now: datetime) -> dict[str, Tally]:
    """Return the counts of the current periods by campaign id."""
    rows = Measurement.objects.filter(campaign_id__in=list(campaign_ids), period_end__gte=now)
    found = {}
    for campaign_id, group in groupby(rows.most_frequent(SHOWN), key=attrgetter("campaign_id")):
        first, *others = group  # each is annotated with the totals of its campaign
        points = [row.point for row in (first, *others)]
        found[campaign_id] = Tally(points=points, kinds=first.of_kinds, times=first.of_times)  # type: ignore[attr-defined]
    return found


def line_of(point: DataPoint) -> str:
    """Return for example "Search / Run / devices: 41, value 12.7"; of a visit, the path."""
    names = filter(None, point.identity) if isinstance(point, Event) else [point.identity]
    words = {"what": clean(" / ".join(names)), "times": number_format(point.times)}
    value = getattr(point, "value", None)
    if value is None:
        return f"{words['what']}: {words['times']}"
    rounded = int(value) if float(value).is_integer() else round(value, 3)
    return gettext("%(what)s: %(times)s, value %(value)s") % {
        **words,
        "value": number_format(rounded),
    }


def described(usage: CampaignStatus) -> dict[str, Any]:
    """Return the status of a campaign for JSON; moments in ISO 8601, UTC."""
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
    """Return the next report of a campaign with the counts so far; None without any."""
    return next(bodies(campaign_id, now=now), None) if campaign_id in declared_campaigns() else None


def bodies(campaign_id: str, *, now: datetime) -> Iterator[bytes]:
    """Yield the unsent counts of a campaign as they would be posted if its period ended now."""
    if conf.SITE_ID is not None:
        yield from map(pack, measurements.unsent(campaign_id, now))
