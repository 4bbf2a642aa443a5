"""Delivery: claim a report, post it, record the outcome. Nothing else reaches the network."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from .. import __version__
from ..cleaninsights.backoff import retry_delay
from ..cleaninsights.clock import utc_now
from ..cleaninsights.exceptions import (
    ConnectionFailed,
    ProxyFailed,
    RequestInvalid,
    TimedOut,
    TLSFailed,
    TransportError,
)
from ..cleaninsights.transport import Answer, RequestsTransport, Transport
from ..conf.settings import conf
from ..consent.rules import WITHDRAWN, Rule, may_leave, ruling
from ..models import HANDFUL, Report
from ..models.transactions import is_open
from ..outbox import expire
from .state import collector

logger = logging.getLogger("metric_collection.reporting.delivery")

Outcome = Report.Outcome
HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"django-metric-collection/{__version__}",
}
# Of the 4xx, those with which a server asks to come again: Request Timeout, Too Early, Too Many Requests.
RETRIABLE: Final = frozenset({408, 425, 429})
PATIENCE: Final = timedelta(days=1)  # for how long a failing report may hold back later ones
BUDGET: Final = timedelta(minutes=1)  # of one delivery, so that a worker is free for others again
OUTCOMES: Final[dict[type[TransportError], Outcome]] = {
    ProxyFailed: Outcome.PROXY_FAILED,
    TLSFailed: Outcome.TLS_FAILED,
    TimedOut: Outcome.TIMEOUT,
    RequestInvalid: Outcome.INVALID_REQUEST,
    ConnectionFailed: Outcome.NO_CONNECTION,
    TransportError: Outcome.NO_CONNECTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Posts due reports, oldest first, so that they arrive in the order of the events they report.

    `in_transaction` allows an open transaction, which `prove-off` needs to roll everything back.
    """

    transport: Transport = field(default_factory=RequestsTransport)
    clock: Callable[[], datetime] = utc_now
    random: Callable[[], float] = random.random
    hurried: bool = False
    in_transaction: bool = False

    def deliver(self) -> list[Report]:
        """Post every report that is due; return those attempted, with their outcomes.

        The queue is attempted in order, up to the first report that fails. If that one has been failing for
        longer than PATIENCE, it may itself be the cause: the others are then attempted without it, the
        least attempted first, again up to the first that fails.
        """
        attempted: list[Report] = []
        end = self.clock() + BUDGET
        for report in self._queue():
            if self._is_over(end) or not self._claim(report):
                break
            attempted.append(self._attempt(report))
            if report.state == Report.State.QUEUED:
                if report.failed_at is not None and report.failed_at <= self.clock() - PATIENCE:
                    attempted += self._attempts_without(report, end)
                break
        return attempted

    def _attempts_without(self, failing: Report, end: datetime) -> Iterator[Report]:
        others = Report.objects.queued().exclude(pk=failing.pk).order_by("attempts", "id")
        for report in others[:HANDFUL]:
            if self._is_over(end):
                return
            if self._claim(report):
                yield self._attempt(report)
                if report.state == Report.State.QUEUED:
                    return

    def _is_over(self, end: datetime) -> bool:
        if self.clock() < end:
            return False
        logger.debug("The rest of the queue waits for the next delivery: this one takes too long.")
        return True

    def _queue(self) -> Iterator[Report]:
        """Iterate over the queue, oldest first, after expiring reports older than MAX_AGE."""
        reports = Report.objects.next_queued()
        if not reports:
            logger.debug("Nothing to deliver: no report is queued.")
            return
        if not anything_may_leave():
            return
        if is_open() and not self.in_transaction:
            warn_of_transaction()
            return
        # The oldest comes first: if it is not too old, none is.
        if reports[0].sealed_at < self.clock() - conf.MAX_AGE:
            expire(self.clock())
            reports = Report.objects.next_queued()
        while reports:
            yield from reports
            is_last = len(reports) < HANDFUL
            reports = [] if is_last else Report.objects.next_queued(after=reports[-1])

    def _claim(self, report: Report) -> bool:
        """Claim a report as last read; False if it is not due or another worker has it."""
        now = self.clock()
        due = report.next_attempt(now, hurried=self.hurried)
        if due > now:
            reason = (report.wait(now) or Report.Wait.BACKOFF).label
            logger.debug("%s is not attempted before %s: %s.", report, due, reason)
            return False
        if not report.claim(now, lease()):
            logger.debug("%s was claimed by another process.", report)
            return False
        # Consent is asked once more, right before sending: it may have been withdrawn since the queue was read.
        allowed = ruling()
        if not may_leave(report.category, allowed):
            logger.debug("%s is not sent: %s", report, allowed.sentence)
            report.release()
            return False
        if not report.reread():
            logger.debug("%s is not sent: it was deleted meanwhile.", report)
            return False
        return True

    def _attempt(self, report: Report) -> Report:
        try:
            answer = self._post(report.body.encode(), key=str(report.key))
        except TransportError as error:
            outcome = next(found for kind, found in OUTCOMES.items() if isinstance(error, kind))
            self._retry(report, outcome, detail=error.reason, message=str(error))
        else:
            self._handle_answer(report, answer)
        return report

    def _handle_answer(self, report: Report, answer: Answer) -> None:
        """Settle or retry, by RFC 9110's classes of status."""
        if answer.accepted:
            self._accept(report, answer)
        elif is_refusal(answer):
            self._give_up(report, answer)
        else:
            message = f"the collector answered {answer.status}"
            self._retry(report, Outcome.ANSWERED, message=message, answer=answer)

    def _accept(self, report: Report, answer: Answer) -> None:
        had_failed = report.has_failed
        report.settle(
            Report.State.DELIVERED,
            outcome=Outcome.ACCEPTED,
            status=answer.status,
            now=self.clock(),
        )
        # An outage is one INFO at its end, whatever the number of reports.
        ends = had_failed and not Report.objects.queued().has_failed().exists()
        level = logging.INFO if ends else logging.DEBUG
        logger.log(level, "The collector %s accepts reports.", collector())

    def _give_up(self, report: Report, answer: Answer) -> None:
        # A series of refusals is one WARNING at its beginning.
        last = Report.objects.settled_last()
        repeated = last is not None and last.state == Report.State.GIVEN_UP
        report.settle(
            Report.State.GIVEN_UP, outcome=Outcome.REFUSED, status=answer.status, now=self.clock()
        )
        logger.log(
            logging.DEBUG if repeated else logging.WARNING,
            "The collector %s refused a report with status %s, so retrying will not help. Check"
            " METRIC_COLLECTION_COLLECTOR_URL and METRIC_COLLECTION_SITE_ID.",
            collector(),
            answer.status,
        )

    def _retry(
        self,
        report: Report,
        outcome: Outcome,
        *,
        message: str,
        detail: str = "",
        answer: Answer | None = None,
    ) -> None:
        """Keep the report, backing off as Clean Insights does, or for as long as the answer asks."""
        # An outage is one WARNING at its beginning.
        begins = not Report.objects.queued().has_failed().exists()
        retry_after = answer.retry_after if answer else None
        asked = min(retry_after or 0, conf.MAX_AGE.total_seconds())
        wait = timedelta(seconds=max(self._backoff(report.attempts), asked))
        report.retry(
            self.clock() + wait,
            must_wait=asked > 0,
            outcome=outcome,
            detail=detail,
            status=answer.status if answer else None,
        )
        logger.log(
            logging.WARNING if begins else logging.DEBUG,
            "Could not deliver a report to the collector %s (%s). Reports stay queued and are retried.",
            collector(),
            message,
        )

    def _backoff(self, failures: int) -> float:
        """Return the seconds to wait, with jitter so that a fleet does not return in step."""
        connect, _read = conf.TIMEOUT
        longest = conf.MAX_RETRY_DELAY.total_seconds()
        return retry_delay(failures, timeout=connect, max_retry_delay=longest, jitter=self.random())

    def _post(self, body: bytes, *, key: str | None = None) -> Answer:
        headers = {**HEADERS, "Idempotency-Key": key} if key else HEADERS
        return self.transport.post(conf.COLLECTOR_URL, body, headers=headers, timeout=conf.TIMEOUT)

    def post_exported(self, key: str, body: bytes) -> Answer:
        """Post a report that another machine has exported; TransportError if there is no answer."""
        return self._post(body, key=key)

    def test_server(self) -> str | None:
        """Post an empty body, which a Clean Insights endpoint refuses; return the problem, or None."""
        try:
            answer = self._post(b"")
        except TransportError as error:
            return str(error)
        if answer.status == 400:
            return None
        return f"The server answered {answer.status}. Check the path of METRIC_COLLECTION_COLLECTOR_URL"


def is_refusal(answer: Answer) -> bool:
    """Whether the same report would be refused again."""
    return 400 <= answer.status < 500 and answer.status not in RETRIABLE


def anything_may_leave() -> bool:
    """Whether to start a delivery; after a no, only if the event of an opt-out is queued."""
    allowed = ruling()
    may_start = allowed.sends
    if allowed.rule is Rule.DENIED:
        may_start = Report.objects.queued().filter(category=WITHDRAWN).exists()
    if not may_start:
        logger.debug("Nothing is sent: %s", allowed.sentence)
    return may_start


@cache
def warn_of_transaction() -> None:
    """Warn once in each process."""
    logger.warning(
        "Reports are not sent within a database transaction, because its locks would be held until the"
        " collector has answered. Call the Celery tasks metric_collection.deliver and"
        " metric_collection.heartbeat outside of transaction.atomic()."
    )


def lease() -> timedelta:
    """Return the length of a claim: longer than any attempt, so that only a dead worker's expires.

    At worst an attempt connects, shakes hands, sends and reads, each within its timeout, and the first two
    again to a proxy.
    """
    connect, read = conf.TIMEOUT
    return timedelta(seconds=4 * connect + 2 * read + 6)
