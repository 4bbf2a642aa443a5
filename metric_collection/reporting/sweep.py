"""A sweep: flush, make the heartbeat that is due, seal what is over, deliver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..cleaninsights.clock import Clock, utc_now
from ..cleaninsights.transport import RequestsTransport, Transport
from ..conf.settings import conf
from ..consent.rules import ruling
from ..models import InstantField, MomentField, Report, Snapshot
from .collection import Collection
from .delivery import Delivery
from .flushing import flusher
from .schedule import SWEEP

CLOCKS_DIFFER = timedelta(seconds=1)  # for an appointment that is kept too early is kept in vain

# Written out, for Django takes ten times as long to put it together as any database to answer it.
AGENDA = """
SELECT id, heartbeat_due,
  (SELECT COALESCE(wait_until, sealed_at) FROM usage_metrics_report
    WHERE state = %s ORDER BY id LIMIT 1) AS report,
  EXISTS (SELECT 1 FROM usage_metrics_measurement WHERE period_end < %s) AS period_is_over
FROM usage_metrics_snapshot
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What there is to do: when the heartbeat is due, and the report that the others wait behind.

    A moment is None where there is nothing to wait for; before an install even the heartbeat is unknown.
    """

    heartbeat: datetime | None = None
    report: datetime | None = None
    period_is_over: bool = False

    def is_due(self, now: datetime) -> bool:
        """Whether a sweep has anything to do; a report that waits may have more than one reason to go."""
        return self.period_is_over or self.report is not None or not self._heartbeat_is_ahead(now)

    def appointment(self, now: datetime) -> timedelta | None:
        """Return in how long something falls due, if that is before the next sweep.

        Products that were started in the same minute sweep in the same minutes for good. Kept to sweeps
        alone, their heartbeats would knock at the collector together, every ten minutes; kept at the moment
        that chance has given each installation, they are spread evenly over the day.
        """
        moments = filter(None, (self.heartbeat, self.report))
        soon = [moment - now for moment in moments if now < moment < now + SWEEP]
        return min(soon) + CLOCKS_DIFFER if soon and ruling().sends else None

    def _heartbeat_is_ahead(self, now: datetime) -> bool:
        """Whether it is to come; one further off than an interval is from a clock that went back."""
        return self.heartbeat is not None and (
            now < self.heartbeat <= now + conf.HEARTBEAT_INTERVAL
        )


def agenda(now: datetime) -> Agenda:
    """Ask for everything at once: most sweeps have nothing to do, and there are 144 of them a day."""
    over = InstantField().get_prep_value(now)
    for row in Snapshot.objects.raw(AGENDA, [Report.State.QUEUED.value, over]):
        report = MomentField().to_python(row.report)
        return Agenda(
            heartbeat=row.heartbeat_due, report=report, period_is_over=bool(row.period_is_over)
        )
    return Agenda()


def sweep(clock: Clock = utc_now, transport: Transport | None = None) -> Agenda:
    """Count what was measured, then record, seal and deliver what is due; return what is to come."""
    flusher.flush()
    due = agenda(clock())
    if not due.is_due(clock()):
        return due
    Collection(clock=clock).heartbeat()
    if due.period_is_over:
        Collection(clock=clock).seal()
    Delivery(clock=clock, transport=transport or RequestsTransport()).deliver()
    return agenda(clock())
