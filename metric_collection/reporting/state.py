"""The state of delivery, as the System Info page, ``status`` and a system check present it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..conf.settings import conf
from ..consent.rules import Ruling, ruling
from ..models import Report, Snapshot
from .collection import EARLIEST, HEARTBEAT

# A daily cron line is the slowest supported way to sweep; `swept_at` may lag by an hour.
STALLED_AFTER: Final = timedelta(hours=26)


class Situation(models.TextChoices):
    """The state of delivery in one word; the label is a sentence about it."""

    OFF = "off", _("Nothing is sent.")
    CLOCK = "clock", _("Nothing is recorded or sent: the clock of this machine shows %(since)s.")
    NOT_INSTALLED = (
        "not-installed",
        _("Nothing has been recorded yet. The next run of Celery or cron will do so."),
    )
    STALLED = (
        "stalled",
        _(
            "No delivery has been attempted since %(since)s."
            " Start a Celery worker and beat, or add the cron job."
        ),
    )
    NOT_SENT = "not-sent", _("The first report has not been sent yet.")
    PAUSED = "paused", _("Paused by the collector until %(next_attempt)s.")
    FAILING = "failing", _("Not delivered since %(since)s: %(outcome)s.")
    REFUSED = "refused", _("The last report failed on %(since)s: %(outcome)s.")
    EXPORTED = "exported", _("The last reports were exported on %(since)s.")
    DELIVERED = "delivered", _("The last report was delivered on %(since)s.")


SETTLED: Final[dict[str, Situation]] = {
    Report.Outcome.ACCEPTED: Situation.DELIVERED,
    Report.Outcome.EXPORTED: Situation.EXPORTED,
    Report.Outcome.REFUSED: Situation.REFUSED,
    Report.Outcome.EXPIRED: Situation.FAILING,
}
ATTENTION: Final = frozenset(
    {Situation.CLOCK, Situation.STALLED, Situation.FAILING, Situation.REFUSED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryState:
    """How delivery is going.

    `since` is the moment of the sentence: of the last delivery, refusal or export, of the first failure,
    of the last sweep, or the time that a wrong clock shows. `report` is the report that the situation is
    about: the failing head of the queue, or the one settled last. `wait` is the reason for which the head of
    the queue is not due. `next_attempt` and `next_heartbeat` are never in the past; both are None if nothing
    is planned.
    """

    situation: Situation
    since: datetime | None = None
    report: Report | None = None
    queued: int = 0
    next_attempt: datetime | None = None
    wait: Report.Wait | None = None
    next_heartbeat: datetime | None = None
    last_heartbeat: datetime | None = None
    last_settled: Report | None = None
    swept_at: datetime | None = None

    @property
    def needs_attention(self) -> bool:
        return self.situation in ATTENTION

    @property
    def outcome(self) -> str:
        """Return the code of `Report.Outcome`, "" without a report."""
        return str(self.report.outcome) if self.report else ""

    @property
    def outcome_text(self) -> str:
        return self.report.outcome_text if self.report else ""

    @property
    def sentence(self) -> str:
        """Describe it in one sentence, in the active language and time zone."""
        sentence = str(self.situation.label) % {
            "since": shown(self.since),
            "next_attempt": shown(self.next_attempt),
            "outcome": self.outcome_text,
        }
        return sentence.replace("..", ".")  # English moments end in "a.m."

    @property
    def queue_sentence(self) -> str:
        """Describe the queue in one sentence, "" if it is empty."""
        if not self.queued:
            return ""
        count = gettext("Queued reports: %(count)s.") % {"count": self.queued}
        if self.next_attempt is None:
            return count
        moment = shown(self.next_attempt)
        if self.wait:
            moment = f"{moment} ({self.wait.label})"
        attempt = gettext("Next attempt: %(moment)s.") % {"moment": moment}
        return f"{count} {attempt}".replace("..", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How many reports are queued, and the one that is sent first."""

    length: int
    head: Report | None


def delivery_state(
    now: datetime,
    *,
    allowed: Ruling | None = None,
    snapshot: Snapshot | None = None,
    queue: Queue | None = None,
) -> DeliveryState:
    """Read the state of delivery; pass whatever is at hand, to save reading it again."""
    allowed = allowed or ruling()
    snapshot = snapshot or Snapshot.objects.current()
    if queue is None:
        first = Report.objects.queued().first()
        queue = Queue(length=Report.objects.queued().count() if first else 0, head=first)
    head = queue.head
    last = Report.objects.settled_last()
    situation, since, report = situation_of(now, allowed, snapshot, head, last)
    # Publishers may leave heartbeats out of METRIC_COLLECTION_CATEGORIES.
    is_planned = allowed.sends and snapshot is not None and HEARTBEAT in conf.CATEGORIES
    return DeliveryState(
        situation=situation,
        since=since,
        report=report,
        queued=queue.length,
        next_attempt=head.next_attempt(now) if head and allowed.sends else None,
        wait=head.wait(now) if head and allowed.sends else None,
        next_heartbeat=max(now, snapshot.heartbeat_due) if snapshot and is_planned else None,
        last_heartbeat=snapshot.heartbeat_at if snapshot else None,
        last_settled=last,
        swept_at=snapshot.swept_at if snapshot else None,
    )


def situation_of(
    now: datetime,
    allowed: Ruling,
    snapshot: Snapshot | None,
    head: Report | None,
    last: Report | None,
) -> tuple[Situation, datetime | None, Report | None]:
    """Return the situation, its moment and its report; the first that applies."""
    if not allowed.sends or now < EARLIEST:
        return (Situation.CLOCK, now, None) if allowed.sends else (Situation.OFF, None, None)
    if snapshot is None:
        return Situation.NOT_INSTALLED, None, None
    # Something is due that no worker and no command has looked at for too long.
    is_due = snapshot.heartbeat_due <= now or (head is not None and head.next_attempt(now) <= now)
    swept_at = snapshot.swept_at or snapshot.installed_at
    if is_due and swept_at < now - STALLED_AFTER:
        return Situation.STALLED, swept_at, head
    if head and head.must_wait and head.next_attempt(now) > now:
        return Situation.PAUSED, head.attempted_at, head
    # One report that fails while others are delivered is no outage.
    if head and head.failed_at and (last is None or last.settled_at < head.failed_at):
        return Situation.FAILING, head.failed_at, head
    situation = SETTLED.get(last.outcome, Situation.FAILING) if last else Situation.NOT_SENT
    return situation, last.settled_at if last else None, last


def collector() -> str:
    """Return the collector's host and port; never the whole URL, which may hold credentials."""
    return urlsplit(conf.COLLECTOR_URL or "").netloc.rpartition("@")[2]


def shown(moment: datetime | None) -> str:
    """Format a moment in the active language and time zone, "" for None."""
    if moment is None:
        return ""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")
