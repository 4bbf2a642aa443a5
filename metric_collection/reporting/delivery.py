"""Delivery: claim a report, post it, record what came of it. The only way to the network."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from .. import __version__
from ..cleaninsights.backoff import retry_delay
from ..cleaninsights.clock import utc_now
from ..cleaninsights.exceptions import TransportError
from ..cleaninsights.transport import Answer, RequestsTransport, Transport
from ..conf.settings import conf
from ..consent.rules import WITHDRAWN, Rule, may_leave, ruling
from ..models import HANDFUL, Report
from ..outbox import expire, forget

logger = logging.getLogger("metric_collection.reporting.delivery")

HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": f"django-metric-collection/{__version__}",
}
WORTH_REPEATING = frozenset({408, 425, 429})
PATIENCE = timedelta(days=1)  # how long a report that the collector refuses holds back later ones
BUDGET = timedelta(minutes=1)  # how long one delivery may occupy a worker, also one that is to stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Posts what is due, oldest first, so that reports arrive in the order of what they tell."""

    transport: Transport = field(default_factory=RequestsTransport)
    clock: Callable[[], datetime] = utc_now
    random: Callable[[], float] = random.random
    hurried: bool = False

    def deliver(self) -> list[Report]:
        """Post every report that is due; return those that were tried, with what came of them."""
        tried = list(self._attempts())
        if tried:  # not in a sweep that has nothing to do: there are many of them
            forget(self.clock())
        return tried

    def _attempts(self) -> Iterator[Report]:
        begun = self.clock()
        for report in self._waiting():
            if self.clock() >= begun + BUDGET or not self._claim(report):
                return
            yield self._attempt(report)
            if report.state == Report.State.QUEUED and not self._is_passed_over(report):
                return

    def _waiting(self) -> Iterator[Report]:
        """Go through what waits, oldest first; what is too old is given up before."""
        line = Report.objects.in_line()
        if not (line and anything_may_leave()):
            return
        if line[0].sealed_at < self.clock() - conf.MAX_AGE:
            expire(self.clock())
            line = Report.objects.in_line()
        while line:
            yield from line
            line = Report.objects.in_line(after=line[-1]) if len(line) == HANDFUL else []

    def _claim(self, report: Report) -> bool:
        """Take a report, as it was when last seen; False when it is not due or another worker has it."""
        now = self.clock()
        if not (report.is_due(now, hurried=self.hurried) and report.claim(now, lease())):
            return False
        if may_leave(report.category, ruling()):
            return True
        report.release()
        return False

    def _attempt(self, report: Report) -> Report:
        headers = {**HEADERS, "Idempotency-Key": str(report.key)}
        try:
            answer = self.transport.post(
                conf.COLLECTOR_URL, report.body.encode(), headers=headers, timeout=conf.TIMEOUT
            )
        except TransportError as error:
            self._put_off(report, str(error))
        else:
            self._weigh(report, answer)
        return report

    def _weigh(self, report: Report, answer: Answer) -> None:
        """Record an answer: accepted, worth repeating, or final (RFC 9110's classes of status)."""
        if answer.accepted:
            self._accept(report, answer)
        elif 400 <= answer.status < 500 and answer.status not in WORTH_REPEATING:
            self._give_up(report, answer)
        else:
            outcome = f"the collector answered {answer.status}"
            self._put_off(report, outcome, status=answer.status, retry_after=answer.retry_after)

    def _accept(self, report: Report, answer: Answer) -> None:
        had_failed = report.has_failed
        report.settle(
            Report.State.DELIVERED, status=answer.status, outcome="accepted", now=self.clock()
        )
        ends = had_failed and not Report.objects.queued().has_failed().exists()
        level = logging.INFO if ends else logging.DEBUG
        logger.log(level, "The collector %s accepts reports.", collector())

    def _give_up(self, report: Report, answer: Answer) -> None:
        last = Report.objects.settled_last()
        repeated = last is not None and last.state == Report.State.GIVEN_UP
        outcome = f"the collector refused it with {answer.status}"
        report.settle(
            Report.State.GIVEN_UP, status=answer.status, outcome=outcome, now=self.clock()
        )
        logger.log(
            logging.DEBUG if repeated else logging.WARNING,
            "The collector %s refused a report with %s, which no repetition mends; check"
            " METRIC_COLLECTION_COLLECTOR_URL and METRIC_COLLECTION_SITE_ID.",
            collector(),
            answer.status,
        )

    def _put_off(
        self,
        report: Report,
        outcome: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Keep the report for later, waiting as Clean Insights does or as long as the answer asks."""
        begins = not Report.objects.queued().has_failed().exists()
        asked = min(retry_after or 0, conf.MAX_AGE.total_seconds())
        wait = timedelta(seconds=max(self._backoff(report.attempts), asked))
        must_wait = asked > 0
        report.put_off(self.clock() + wait, must_wait=must_wait, status=status, outcome=outcome)
        logger.log(
            logging.WARNING if begins else logging.DEBUG,
            "The collector %s cannot be reached (%s); reports are kept and tried again.",
            collector(),
            outcome,
        )

    def _backoff(self, failures: int) -> float:
        """Return seconds to wait, spread so that a fleet does not come back in step."""
        connect, _read = conf.TIMEOUT
        longest = conf.MAX_RETRY_DELAY.total_seconds()
        return retry_delay(failures, timeout=connect, max_retry_delay=longest, jitter=self.random())

    def test_server(self) -> str | None:
        """Post an empty body, which a Clean Insights endpoint refuses; return what is wrong, or None."""
        try:
            answer = self.transport.post(
                conf.COLLECTOR_URL, b"", headers=HEADERS, timeout=conf.TIMEOUT
            )
        except TransportError as error:
            return str(error)
        return None if answer.status == 400 else f"it answers {answer.status}, not 400"

    def _is_passed_over(self, report: Report) -> bool:
        """Whether the collector has refused this one for so long that it must not hold back others."""
        return report.refused_at is not None and report.refused_at <= self.clock() - PATIENCE


def anything_may_leave() -> bool:
    """Whether to begin at all; after a no only for the one event that tells of it, if it waits."""
    allowed = ruling()
    if allowed.rule is not Rule.DENIED:
        return allowed.sends
    waiting: bool = Report.objects.queued().filter(category=WITHDRAWN).exists()
    return waiting


def lease() -> timedelta:
    """Return how long a claim lasts: longer than any attempt, so that only a dead worker's runs out.

    At worst an attempt connects, shakes hands, sends and reads, each within its timeout, and the first two
    again to a proxy.
    """
    connect, read = conf.TIMEOUT
    return timedelta(seconds=4 * connect + 2 * read + 6)


def collector() -> str:
    """Name the collector's host and port; never the whole URL, which may hold credentials."""
    return urlsplit(conf.COLLECTOR_URL).netloc.rpartition("@")[2]
