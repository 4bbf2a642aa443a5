"""The hourly self-check: a report of our own is to be counted exactly once, though it is posted twice.

Each run posts for a site of its own, whose id and name nobody else can know. The next run looks for the
count, and deletes the site. Whatever stands still is logged once, and once more when it is over.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from datetime import datetime

from django.db.models import Sum

from ..cleaninsights.datapoints import Event
from ..cleaninsights.exceptions import TransportError
from ..cleaninsights.payload import encode
from ..cleaninsights.sending import HEADERS
from ..cleaninsights.transport import RequestsTransport, Transport
from . import health
from .conf import conf
from .door.posting import request_of
from .door.views import receive
from .health import SELF_CHECK
from .models import LARGEST_ID, Alarm, Cell, Lateness, Site, Span
from .publishing.erasing import forget_site

logger = logging.getLogger("metric_collection.collector")

TIMEOUT = (5.0, 10.0)  # to connect, and for the answer
FACT = "self-check"
ACCEPTED = 204
TIMES_POSTED = 2
LOOPBACK = "127.0.0.1"


def run(now: datetime, transport: Transport | None = None) -> int:
    """Verify the last run's report, post another, and log changes; return 1 if all is well."""
    found = _verify()
    posted = _post(now, transport or RequestsTransport())
    problem = found or posted
    problems = health.check(now).problems
    texts = {each.code: each.text for each in problems if each.code != SELF_CHECK}
    if problem:
        texts[SELF_CHECK] = problem
    _log_changes(texts, now)
    return int(not problem)


def _verify() -> str:
    """Return the problem with the counts of earlier runs, or nothing; their sites are deleted."""
    problem = ""
    for site in Site.objects.of_self_check():
        counted = Cell.objects.filter(fact__site=site, value__text=site.name, span=Span.DAY)
        number = counted.aggregate(Sum("n"))["n__sum"] or 0
        if number != 1:
            problem = (
                f"the report of the last self-check was counted {number} times instead of once"
            )
        _delete(site)
    return problem


def _delete(site: Site) -> None:
    forget_site(site, before=None)
    Lateness.objects.filter(site_id=site.pk).delete()
    site.delete()


def _post(now: datetime, transport: Transport) -> str:
    """Post one report twice with one key; return why that failed, or nothing."""
    text = secrets.token_hex(16)
    site = Site.objects.create(
        id=LARGEST_ID + 1 + secrets.randbelow(LARGEST_ID), name=text, slug=text
    )
    values = {FACT: text, "first_report_of": "day"}
    events = [
        Event(category="Heartbeat", action=name, name=value, period_start=now, period_end=now)
        for name, value in values.items()
    ]
    body, key = encode(site.pk, events=events), str(uuid.uuid4())
    for _ in range(TIMES_POSTED):
        try:
            status = _status(body, key, transport)
        except TransportError as error:
            _delete(site)
            return str(error)
        if status != ACCEPTED:
            _delete(site)
            return f"the endpoint answered {status}"
    return ""


def _status(body: bytes, key: str, transport: Transport) -> int:
    if address := conf.SELF_CHECK_AT:
        headers = {**HEADERS, "Idempotency-Key": key}
        return transport.post(address, body, headers=headers, timeout=TIMEOUT).status
    return receive(request_of(body, key=key, address=LOOPBACK)).status_code


def _log_changes(problems: dict[str, str], now: datetime) -> None:
    """Log each problem that is new as an error, and each that is over as information."""
    known = set(Alarm.objects.values_list("code", flat=True))
    for code, text in problems.items():
        detail = text[:200]
        alarm, is_new = Alarm.objects.get_or_create(
            code=code, defaults={"since": now, "detail": detail}
        )
        if is_new:
            logger.error("%s: %s", code, text)
        elif alarm.detail != detail:
            Alarm.objects.filter(pk=code).update(detail=detail)
    for code in sorted(known - set(problems)):
        if Alarm.objects.filter(pk=code).delete()[0]:
            logger.info("%s: works again.", code)
