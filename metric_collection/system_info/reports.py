"""Queued and sent reports, newest first: the list on the page and the page of all reports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ..consent.rules import WITHDRAWN
from ..models import Report
from ..outbox import described
from ..reporting.state import shown

RECENT = 10
LISTED = 50
SHOWN_IN_PLACE = 8 * 1024  # bytes; a longer body is only linked to, so that the page stays small
LABELS: dict[str, Any] = {
    Report.State.QUEUED: _("queued"),
    Report.State.DELIVERED: _("accepted"),
    Report.State.GIVEN_UP: _("refused"),
    Report.State.EXPORTED: _("exported"),
}
FILTERS = {**LABELS, Report.State.GIVEN_UP: _("refused or expired")}
TONES: dict[tuple[str, bool], str] = {  # (state, whether an attempt has failed) -> CSS class
    (Report.State.DELIVERED, True): "um-good",
    (Report.State.GIVEN_UP, True): "um-bad",
    (Report.State.QUEUED, True): "um-careful",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report in the list."""

    report: Report
    now: datetime

    @property
    def moment(self) -> datetime:
        """When the report was made."""
        return localtime(self.report.sealed_at)

    @property
    def settled_at(self) -> datetime:
        """When the report was sent or given up."""
        return localtime(self.report.settled_at or self.report.sealed_at)

    @property
    def age(self) -> str:
        """How long ago it was sent or given up, roughly."""
        if self.now - self.settled_at < timedelta(minutes=1):
            return gettext("just now")
        age = timesince(self.settled_at, localtime(self.now), depth=1)
        return gettext("%(age)s ago") % {"age": age}

    @property
    def size(self) -> int:
        """The size of the body in bytes."""
        return len(self.report.body.encode())

    @property
    def is_shown_in_place(self) -> bool:
        return self.size <= SHOWN_IN_PLACE

    @property
    def subject(self) -> str:
        """The category and, for usage, the campaign, as they are sent."""
        campaign = self.report.campaign_id
        return f"{self.report.category}: {campaign}" if campaign else str(self.report.category)

    @property
    def state(self) -> str:
        """A word for the badge."""
        if self.report.outcome == Report.Outcome.EXPIRED:
            return gettext("expired")
        is_failing = self.report.state == Report.State.QUEUED and self.report.has_failed
        return gettext("retrying") if is_failing else str(LABELS[self.report.state])

    @property
    def tone(self) -> str:
        """The CSS class of the badge."""
        return TONES.get((self.report.state, self.report.has_failed), "")

    @property
    def story(self) -> list[str]:
        """When it was tried or settled and with which outcome, and when it will be tried next."""
        report = self.report
        values = {"outcome": report.outcome_text, "number": report.attempts}
        if report.state != Report.State.QUEUED:
            values["moment"] = shown(report.settled_at or report.sealed_at)
            return [gettext("%(moment)s: %(outcome)s.") % values]
        sentences = []
        if report.attempted_at and report.has_failed:
            values["moment"] = shown(report.attempted_at)
            sentences.append(gettext("Last attempt on %(moment)s: %(outcome)s.") % values)
        attempt = report.next_attempt(self.now)
        if attempt > self.now:
            sentences.append(gettext("Next attempt: %(moment)s") % {"moment": shown(attempt)})
        else:
            sentences.append(gettext("To be sent by the next sweep."))
        return sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """A part of the list, and how many reports there are in each state."""

    entries: Sequence[Entry]
    numbers: Mapping[str, int]
    older: int | None = None
    state: str = ""

    @property
    def total(self) -> int:
        return sum(self.numbers.values())

    @property
    def queued(self) -> int:
        return self.numbers.get(Report.State.QUEUED, 0)

    @property
    def is_open(self) -> bool:
        """Whether an attempt to send a queued report has failed."""
        return any(entry.tone == TONES[Report.State.QUEUED, True] for entry in self.entries)

    @property
    def queue(self) -> str:
        if not self.queued:
            return gettext("no reports")
        words = ngettext("%(number)d report", "%(number)d reports", self.queued)
        return words % {"number": self.queued}

    @property
    def gist(self) -> str:
        """How many were sent and how many are queued."""
        sent, queued = self.numbers.get(Report.State.DELIVERED, 0), self.queued
        words = ngettext("%(number)d report sent", "%(number)d reports sent", sent)
        rest = (
            gettext("%(number)d queued") % {"number": queued} if queued else gettext("none queued")
        )
        return f"{words % {'number': sent}}, {rest}"

    @property
    def filters(self) -> list[tuple[str, str, int]]:
        """The states that occur, each with its label and number of reports."""
        found = [state for state in FILTERS if self.numbers.get(state)]
        return [(str(state), str(FILTERS[state]), self.numbers[state]) for state in found]


def unsent() -> int:
    """Return the number of queued reports, apart from the one about an opt-out."""
    return int(Report.objects.queued().exclude(category=WITHDRAWN).count())


def deleted(before: int) -> str:
    """Say how many reports a no has deleted, of which `before` were unsent before it; "" if none."""
    count = before - unsent()
    words = ngettext(
        "%(number)d unsent report was deleted.", "%(number)d unsent reports were deleted.", count
    )
    return words % {"number": count} if count else ""


def newest(length: int, *, now: datetime, before: int | None = None, state: str = "") -> Reports:
    """List so many reports; `before` is the key of the last report already seen."""
    reports = Report.objects.order_by("-id")
    counted = reports.order_by().values_list("state").annotate(Count("pk"))
    if state:
        reports = reports.filter(state=state)
    if before is not None:
        reports = reports.filter(pk__lt=before)
    # One more than is listed shows whether there are older ones.
    found = list(reports[: length + 1])
    return Reports(
        entries=[Entry(report=report, now=now) for report in found[:length]],
        numbers=dict(counted),
        older=found[length - 1].pk if found[length:] else None,
        state=state,
    )


def lines() -> Iterator[str]:
    """All reports with their exact bodies as JSON lines, newest first."""
    for report in Report.objects.order_by("-id").iterator(chunk_size=100):
        yield json.dumps(described(report)) + "\n"
