"""The collector's work outside of requests: counting and publishing every minute, the rest less often.

Celery, cron, and the embedded mode's second process all come here. Each job asks the database whether it is
due, and may run twice without harm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, close_old_connections
from django.db.models import Q

from ..cleaninsights.clock import utc_now
from . import forwarding, self_check
from .counting import forgetting, rollup, settling
from .counting.failures import SitesFailedError
from .door import inbox
from .health import AHEAD, SELF_CHECK
from .models import Work
from .publishing import publications

logger = logging.getLogger("metric_collection.collector")

ROLL_UP = "roll-up"
FAILED = "failed"
ABANDONED = timedelta(
    minutes=2
)  # after which a run without an end was killed: a roll-up is shorter
MINUTE = 60.0
ALWAYS = timedelta(0)
# A little less than the span of the tasks, so that a beat that is early by a second skips no run.
HOURLY = timedelta(minutes=59)
EVERY_FIVE_MINUTES = timedelta(minutes=4, seconds=30)


def midnight_of(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, daily or due so long after its last run; `run` returns how many rows it handled.

    One that `needs_counts` is not run while reports of earlier days wait to be counted.
    """

    name: str
    run: Callable[[datetime], int]
    every: timedelta | None = None
    needs_counts: bool = False

    def is_due(self, now: datetime) -> Q:
        if self.every == ALWAYS:
            return Q()
        since = midnight_of(now) if self.every is None else now - self.every
        return Q(ended_at=None) | Q(ended_at__lt=since) | Q(ended_at__gt=now + AHEAD)


COUNTING = (
    # First, because it makes room on a disk that is full.
    Job(name="forget", run=forgetting.forget),
    Job(name=ROLL_UP, run=lambda _now: rollup.roll_up(utc_now), every=ALWAYS),
    Job(name="settle", run=lambda now: settling.settle(now.date()), needs_counts=True),
    # Always, because a site becomes public at any time.
    Job(name="publish", run=publications.publish, every=ALWAYS),
)
# With Celery, tasks of their own: a slow network does not delay counting.
CHECKING = (Job(name=SELF_CHECK, run=self_check.run, every=HOURLY),)
FORWARDING = (Job(name="forward", run=forwarding.forward, every=EVERY_FIVE_MINUTES),)
JOBS = (*COUNTING, *CHECKING, *FORWARDING)  # last those that use the network


def run_due(
    now: datetime, jobs: tuple[Job, ...] = JOBS, *, at_once: bool = False
) -> dict[str, int]:
    """Run the jobs that are due. One that fails is logged once, and does not keep the others from running.

    With `at_once`, count even if another process is counting: neither disturbs the other.
    """
    found: dict[str, int] = {}
    close_old_connections()  # outside of requests nobody else does
    try:
        for job in jobs:
            has_failed = Work.objects.get_or_create(name=job.name)[0].outcome == FAILED
            if job.needs_counts and _has_backlog(now):
                continue
            if not _claim(job, now) and not (at_once and job.name == ROLL_UP):
                continue
            done = _run(job, now, has_failed=has_failed)
            if done is not None:
                found[job.name] = done
    except Error as error:
        logger.warning("No job can use the database, will retry: %s", type(error).__name__)
        close_old_connections()
    return found


def _run(job: Job, now: datetime, *, has_failed: bool) -> int | None:
    try:
        done = job.run(now)
    except Exception as error:  # noqa: BLE001  a defect in one job must not end the others
        level = logging.WARNING if isinstance(error, Error) else logging.ERROR
        level = logging.DEBUG if has_failed else level
        # Other messages may have values of a report.
        reason = str(error) if isinstance(error, SitesFailedError) else type(error).__name__
        logger.log(level, "%s failed and will be retried: %s", job.name, reason)
        close_old_connections()
        _note(job, now, ended_at=None, outcome=FAILED, detail=reason[:200])
        return None
    except BaseException:  # SIGTERM or Ctrl-C: the next process need not wait
        _note(job, now, ended_at=None, outcome="stopped")
        raise
    if has_failed:
        logger.info("%s works again.", job.name)
    _note(job, now, ended_at=utc_now(), outcome="done", detail=str(done))
    return done


def _has_backlog(now: datetime) -> bool:
    """Whether reports of earlier days are still to be counted."""
    since = inbox.level().since
    return since is not None and since < midnight_of(now)


def _claim(job: Job, now: datetime) -> bool:
    """Whether this process is to run the job: it is due, and no other process is at it."""
    free = Q(began_at=None) | Q(ended_at__isnull=False) | Q(began_at__lt=now - ABANDONED)
    free |= Q(began_at__gt=now + AHEAD)  # noted by a clock that was wrong
    free |= Q(outcome__in=[FAILED, "stopped"])
    claimed = Work.objects.filter(job.is_due(now) & free, name=job.name).update(
        began_at=now, ended_at=None, outcome="running", detail=""
    )
    return bool(claimed)


def _note(job: Job, began_at: datetime, **values: object) -> None:
    """Note how a run ended, unless another process has taken it for abandoned."""
    try:
        Work.objects.filter(name=job.name, began_at=began_at).update(**values)
    except Error as error:
        logger.debug("The end of %s was not noted: %s", job.name, type(error).__name__)


def run_forever(
    *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], datetime] = utc_now
) -> Iterator[dict[str, int]]:
    """Run all jobs that are due, every minute."""
    while True:
        yield run_due(clock())
        sleep(MINUTE)
