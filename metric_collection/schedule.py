"""When the tasks run, and what they find to do: beat's two entries, the agenda, an appointment between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .conf import conf
from .consent import ruling
from .models import InstantField, MomentField, Report, Snapshot

HEARTBEAT = "metric_collection.heartbeat"
DELIVER = "metric_collection.deliver"
SWEEP = timedelta(minutes=10)
CLOCKS_DIFFER = timedelta(seconds=1)  # for an appointment that is kept too early is kept in vain

# Written out, for Django takes ten times as long to put it together as any database to answer it.
AGENDA = """
SELECT id, heartbeat_due,
  (SELECT COALESCE(wait_until, sealed_at) FROM usage_metrics_report
    WHERE state = %s ORDER BY id LIMIT 1) AS report,
  EXISTS (SELECT 1 FROM usage_metrics_measurement WHERE period_end < %s) AS period_is_over
FROM usage_metrics_snapshot
"""


def beat_entries() -> dict[str, dict[str, Any]]:
    """Describe our two entries; a message that no worker takes expires before the next sweep."""
    spans = {HEARTBEAT: conf.HEARTBEAT_INTERVAL, DELIVER: SWEEP}
    options = {"expires": SWEEP.seconds, **route()}
    return {
        name: {"task": name, "schedule": span, "options": options} for name, span in spans.items()
    }


def route() -> dict[str, str]:
    """Name the queue of METRIC_COLLECTION_QUEUE, or leave the routing to Celery."""
    return {"queue": conf.QUEUE} if conf.QUEUE else {}


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
