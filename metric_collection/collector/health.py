"""Whether anything stands still: asked by ``healthz``, the command ``status`` and the operations page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from .counting.days import DAY, WEEK
from .door import inbox
from .models import Alarm, Arrival, Hour, Period, Refusal, Site, Span, Work

BEHIND = timedelta(hours=1)
UNPUBLISHED = timedelta(days=5)
SELF_CHECK = "self-check"
UNCHECKED = timedelta(hours=2)
HOUR = timedelta(hours=1)
AHEAD = timedelta(days=1)  # by which no clock is ahead unless it is wrong
WEEKS_COMPARED = 4
SMALLEST_BAND = 20  # reports an hour: of fewer, half are missing by chance
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

    @property
    def self_check(self) -> str:
        """Whether the hourly self-check works."""
        if any(problem.code == SELF_CHECK for problem in self.problems):
            return _("fails")
        has_run = any(job.name == SELF_CHECK and job.began_at for job in self.work)
        return _("works") if has_run else _("has not run")


def check(now: datetime) -> Health:
    """Look at the inbox, the jobs and the publications."""
    level = inbox.level()
    work = tuple(Work.objects.order_by("name"))
    set_aside = Arrival.objects.set_aside().count()
    problems = [
        *_behind(level, now),
        *_failed(work),
        *_ahead(work, now),
        *_unpublished(now),
        *_unchecked(work, now),
        *_quiet(now),
    ]
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
    text = _(
        "Reports have not been counted since %(moment)s UTC. No day settles until those of earlier"
        " days are counted. Is the roll-up running?"
    )
    return [Problem(code="roll-up", text=text % {"moment": f"{level.since:%Y-%m-%d %H:%M}"})]


def _failed(work: tuple[Work, ...]) -> list[Problem]:
    text = _("%(job)s failed: %(detail)s")
    return [
        Problem(code=job.name, text=text % {"job": job.name, "detail": job.detail})
        for job in work
        if job.outcome == "failed"
    ]


def _ahead(work: tuple[Work, ...], now: datetime) -> list[Problem]:
    text = _(
        "%(job)s has run at %(moment)s UTC, which is in the future."
        " Check the clocks of all machines that run jobs."
    )
    found = []
    for job in work:
        last = max((at for at in (job.began_at, job.ended_at) if at), default=now)
        if last > now + AHEAD:
            values = {"job": job.name, "moment": f"{last:%Y-%m-%d %H:%M}"}
            found.append(Problem(code=job.name, text=text % values))
    return found


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


def _unchecked(work: tuple[Work, ...], now: datetime) -> list[Problem]:
    """The outcome of the last self-check, or that there was none for two hours."""
    if alarm := Alarm.objects.filter(pk=SELF_CHECK).first():
        text = _("The self-check fails since %(moment)s UTC: %(detail)s")
        values = {"moment": f"{alarm.since:%Y-%m-%d %H:%M}", "detail": alarm.detail}
        return [Problem(code=SELF_CHECK, text=text % values)]
    moments = [job.ended_at or job.began_at for job in work if job.name == SELF_CHECK]
    last = moments[0] if moments else None
    if last is None or now - last <= UNCHECKED:
        return []
    text = _("The self-check has not run since %(moment)s UTC. Is the worker running?")
    return [Problem(code=SELF_CHECK, text=text % {"moment": f"{last:%Y-%m-%d %H:%M}"})]


def _quiet(now: datetime) -> list[Problem]:
    """Whether the last hour brought less than half of the same hour in each of the four weeks before."""
    hour = now.replace(minute=0, second=0, microsecond=0) - HOUR
    starts = [hour - n * WEEK for n in range(WEEKS_COMPARED + 1)]
    counts = dict(Hour.objects.filter(start__in=starts).values_list("start", "n"))
    received, *earlier = (counts.get(start, 0) for start in starts)
    if min(earlier) < SMALLEST_BAND or received >= min(earlier) / 2:
        return []
    text = _("%(received)d reports in the last hour, where there were never fewer than %(usual)d.")
    return [Problem(code="arrivals", text=text % {"received": received, "usual": min(earlier)})]


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
        "self_check": health.self_check,
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
        f"Self-check: {health.self_check}",
        *work,
    ]
