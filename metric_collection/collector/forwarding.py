"""Sends the sums of settled days to Matomo: an event for each value of each fact, never a report.

The format is that of https://developer.matomo.org/api-reference/tracking-api (bulk tracking). It knows no key
for a repeat: if the answer to a bulk is lost, Matomo counts it twice.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import F, Q

from ..cleaninsights.backoff import Backoff
from ..cleaninsights.exceptions import TransportError
from ..cleaninsights.sending import HEADERS
from ..cleaninsights.transport import RequestsTransport, Transport
from .conf import Target, conf
from .counting.tally import BUILT_IN
from .models import Cell, Forwarding, Period, Site, Span, Value
from .publishing.counts import product_of
from .publishing.publications import TOO_FEW

logger = logging.getLogger("metric_collection.collector")

BULK = 100
TIMEOUT = 10.0
MAX_RETRY_DELAY = 3600.0
LONGEST_RUN = 30.0  # seconds: in the process of the command `work`, nothing is counted meanwhile
ENDPOINT = "/matomo.php"
SUCCESS = '"status":"success"'
CATEGORIES = {name: category for category, name in BUILT_IN.items()}


class NotTakenError(Exception):
    """Matomo did not take a bulk; `asked` is its Retry-After in seconds."""

    def __init__(self, reason: str, asked: float | None = None) -> None:
        super().__init__(reason)
        self.asked = asked


def forward(
    now: datetime,
    transport: Transport | None = None,
    *,
    timer: Callable[[], float] = time.monotonic,
) -> int:
    """Forward the settled days of all sites, oldest first; return the number of events."""
    end, sent = timer() + LONGEST_RUN, 0
    sites = Site.objects.in_bulk(list(conf.FORWARD))
    for number, target in conf.FORWARD.items():
        if number not in sites or _is_held_back(number, now):
            continue
        try:
            for period, events, is_last in _bulks(sites[number], target):
                if timer() >= end:
                    return sent
                _post(target, events, transport or RequestsTransport())
                _note(period, len(events), is_last=is_last, now=now)
                sent += len(events)
            _recover(number)
        except (TransportError, NotTakenError) as error:
            _retry_later(number, error, now)
    return sent


def _is_held_back(site_id: int, now: datetime) -> bool:
    """Whether a failure was too recent."""
    backoff = _backoff(site_id)
    return backoff.holds(now, timeout=TIMEOUT, max_retry_delay=MAX_RETRY_DELAY)


def _backoff(site_id: int) -> Backoff:
    state = Forwarding.objects.filter(pk=site_id).first()
    if state is None:
        return Backoff()
    return Backoff(failures=state.failures, failed_at=state.failed_at, asked=state.asked)


def _bulks(site: Site, target: Target) -> Iterator[tuple[Period, Sequence[str], bool]]:
    """Yield the events to send: a day, at most 100 of its events, and whether they are its last.

    Held days follow once they are decided; those that staff have left out are never sent.
    """
    settled = Q(state__in=[Period.State.SETTLED, Period.State.PUBLISHED])
    settled |= Q(state=Period.State.LEFT_OUT, note=TOO_FEW)
    days = Period.objects.filter(settled, site=site, span=Span.DAY, forwarded_at=None)
    for period in days.order_by("start"):
        events = list(_events(site, target, period))[period.forwarded :]
        for first in range(0, max(1, len(events)), BULK):
            yield period, events[first : first + BULK], first + BULK >= len(events)


def _events(site: Site, target: Target, period: Period) -> Iterator[str]:
    """Yield the requests of a day, in the order in which settling has written the counts.

    Upgrades and installs have the product's fact as action, as in the reports that CIMP passes on.
    """
    rows = Cell.objects.filter(fact__site=site, span=Span.DAY, start=period.start)
    product = product_of(site, site.facts.reported())
    for cell in rows.select_related("fact", "value").order_by("pk"):
        value, is_built_in = cell.value, cell.fact.is_built_in
        fields = {
            "idsite": target.site,
            "rec": 1,
            "e_c": CATEGORIES[cell.fact.name] if is_built_in else "Heartbeat",
            "e_a": product if is_built_in else cell.fact.name,
            "e_n": value.text if value.role == Value.Role.NAMED else f"({value.role})",
            "e_v": cell.n,
            "cdt": f"{period.start} 12:00:00",
            "send_image": 0,
        }
        yield f"?{urlencode(fields)}"


def _post(target: Target, events: Sequence[str], transport: Transport) -> None:
    """Post a bulk, or raise TransportError or NotTakenError."""
    if not events:
        return
    if target.secret is None:
        raise NotTakenError(f"the environment variable {target.variable!r} is not set")
    url = target.url if target.url.endswith(".php") else target.url.rstrip("/") + ENDPOINT
    body = json.dumps({"requests": list(events), "token_auth": target.secret}).encode()
    answer = transport.post(url, body, headers=HEADERS, timeout=(TIMEOUT, TIMEOUT))
    if not answer.accepted:
        raise NotTakenError(f"the server answered {answer.status}", answer.retry_after)
    if SUCCESS not in answer.text.replace(" ", ""):  # an invalid token, or not Matomo at all
        raise NotTakenError(f"the server answered {answer.status}, but without {SUCCESS}")


def _note(period: Period, number: int, *, is_last: bool, now: datetime) -> None:
    """Record the progress: after a failure in the middle of a day only the rest is sent."""
    rows = Period.objects.filter(pk=period.pk)
    rows.update(forwarded=F("forwarded") + number, forwarded_at=now if is_last else None)


def _recover(site_id: int) -> None:
    if Forwarding.objects.filter(pk=site_id).delete()[0]:
        logger.info("Matomo accepts the sums of site %d again.", site_id)


def _retry_later(site_id: int, error: Exception, now: datetime) -> None:
    asked = getattr(error, "asked", None)
    backoff = _backoff(site_id).after_failure(now, asked=asked)
    Forwarding.objects.update_or_create(
        pk=site_id,
        defaults={
            "failures": backoff.failures,
            "failed_at": now,
            "asked": backoff.asked,
            "detail": str(error)[:200],
        },
    )
    level = logging.WARNING if backoff.failures == 1 else logging.DEBUG
    logger.log(level, "Forwarding the sums of site %d failed, will retry: %s", site_id, error)
