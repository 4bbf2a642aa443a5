"""Whether anything stands still: asked by ``healthz``, the command ``status`` and the operations page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from .counting.days import DAY
from .door import inbox
from .models import Arrival, Period, Refusal, Site, Span, Work

BEHIND = timedelta(hours=1)
UNPUBLISHED = timedelta(days=5)
SMALLEST_PUBLIC = 10
CAUSES_OF_REFUSAL = ("unknown site", "names", "proxy", "address", "inbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that stands still; `code` is stable, `text` is for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the collector is doing. Only `problems` make it unhealthy; notes are worth a look."""

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    waiting: int
    oldest: datetime | None
    set_aside: int
    work: tuple[Work, ...]

    @property
    def is_well(self) -> bool:
        return not self.problems


def check(now: datetime) -> Health:
    """Look at the inbox, the jobs and the publications."""
    level = inbox.level()
    work = tuple(Work.objects.order_by("name"))
    set_aside = Arrival.objects.set_aside().count()
    problems = [*_behind(level, now), *_failed(work), *_unpublished(now)]
    return Health(
        problems=tuple(problems),
        notes=tuple(_notes(set_aside, now)),
        waiting=level.waiting,
        oldest=level.since,
        set_aside=set_aside,
        work=work,
    )


def _behind(level: inbox.Level, now: datetime) -> list[Problem]:
    if level.age(now) <= BEHIND:
        return []
    text = _("Reports have not been counted since %(moment)s UTC. Is the roll-up running?")
    return [Problem(code="roll-up", text=text % {"moment": f"{level.since:%Y-%m-%d %H:%M}"})]


def _failed(work: tuple[Work, ...]) -> list[Problem]:
    text = _("%(job)s failed: %(detail)s")
    return [
        Problem(code=job.name, text=text % {"job": job.name, "detail": job.detail})
        for job in work
        if job.outcome == "failed"
    ]


def _unpublished(now: datetime) -> list[Problem]:
    """Public sites with a day that should have been published, held or left out by now."""
    undecided = [Period.State.OPEN, Period.State.SETTLED]
    sites = Site.objects.filter(
        is_public=True,
        periods__span=Span.DAY,
        periods__state__in=undecided,
        periods__start__range=(now.date() - 30 * DAY, now.date() - UNPUBLISHED - DAY),
        periods__installations__gte=SMALLEST_PUBLIC,
    )
    text = _("%(site)s has days that are not published.")
    return [Problem(code="publish", text=text % {"site": site.name}) for site in sites.distinct()]


def _notes(set_aside: int, now: datetime) -> list[Problem]:
    """Name faults that stop nothing but lose reports."""
    notes = []
    if set_aside:
        text = _("%(number)d reports could not be counted. They are deleted after 7 days.")
        notes.append(Problem(code="set-aside", text=text % {"number": set_aside}))
    today = Refusal.objects.filter(day=now.date(), reason__in=CAUSES_OF_REFUSAL)
    for refusal in today.order_by("reason", "site_id"):
        text = _("Site %(site)d, %(reason)s: %(number)d today.")
        values = {"site": refusal.site_id, "reason": refusal.reason, "number": refusal.n}
        notes.append(Problem(code=refusal.reason, text=text % values))
    return notes


def as_json(health: Health) -> dict[str, Any]:
    """Return it as ``healthz`` and ``status --json`` give it."""
    return {
        "well": health.is_well,
        "problems": {problem.code: problem.text for problem in health.problems},
        "notes": [note.text for note in health.notes],
        "waiting": health.waiting,
        "oldest": health.oldest.isoformat() if health.oldest else None,
        "set_aside": health.set_aside,
        "work": {
            job.name: {
                "outcome": job.outcome,
                "ended_at": job.ended_at.isoformat() if job.ended_at else None,
            }
            for job in health.work
        },
    }


def lines(health: Health) -> list[str]:
    """Return it as lines to read."""
    work = [
        f"{job.name}: {job.outcome} {f'{job.ended_at:%Y-%m-%d %H:%M} UTC' if job.ended_at else ''}"
        for job in health.work
    ]
    return [
        *(problem.text for problem in health.problems),
        *(note.text for note in health.notes),
        f"Reports to be counted: {health.waiting}",
        *work,
    ]
