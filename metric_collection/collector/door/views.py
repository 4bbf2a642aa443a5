"""The endpoint that every Clean Insights SDK posts to.

Nothing of an address, a header or a body is logged: errors are logged by the names of their classes.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import Error, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ...cleaninsights.clock import utc_now
from ...cleaninsights.exceptions import PayloadError
from ...cleaninsights.payload import Limits, decode
from ..conf import conf
from ..models import Arrival, Site, digest
from . import inbox
from .limiter import Limiter, network_of, weight_of
from .refusals import UNKNOWN, Refusals

logger = logging.getLogger("metric_collection.collector")

PLAIN = "text/plain; charset=utf-8"
LONGEST_ANSWER = 300
MOST_FACTS = 200
OLDEST_WAITING = timedelta(hours=6)
FRESH = 10.0  # seconds for which the known sites and the level of the inbox are remembered


class Refused(Exception):  # noqa: N818  it is named after what happened
    """A request that is not accepted: the reason to count, and the answer."""

    def __init__(self, reason: str, response: HttpResponse, site_id: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.response = response
        self.site_id = site_id


class Door:
    """Receives reports. It counts nothing: one INSERT, and 204."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.timer = timer
        self.limiter = Limiter()
        self.refusals = Refusals()
        self._sites: tuple[float, frozenset[int]] = (-FRESH, frozenset())
        self._full: tuple[float, bool] = (-FRESH, False)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.respond(request)
        except Error as error:
            logger.debug("A report was put off: %s", type(error).__name__)
            self.refusals.count("unavailable", now=self.clock())
            response = later(60, 600)
        except Exception as error:  # noqa: BLE001  a client must be able to try again
            logger.error("A report was put off: %s", type(error).__name__)  # noqa: TRY400
            response = later(60, 600)
        allow_origin(request, response)
        return response

    def respond(self, request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            return preflight(request)
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST, OPTIONS"})
        now = self.clock()
        try:
            self.receive(request, now)
            response = HttpResponse(status=204)
        except Refused as refused:
            self.refusals.count(refused.reason, site_id=refused.site_id, now=now)
            response = refused.response
        self.refusals.write_if_due(now)
        return response

    def receive(self, request: HttpRequest, now: datetime) -> None:
        """Store the report in the request, or raise Refused."""
        length = content_length(request)
        if length is None or length > conf.MAX_BODY:
            raise Refused("too large", answer(413, f"A body has at most {conf.MAX_BODY} bytes."))
        if not self.admits(request, length, now):
            raise Refused("rate", later(60, 600, status=429))
        if request.headers.get("Content-Encoding"):
            raise Refused("invalid", answer(415, "A body must not be compressed."))
        body = request.read(length)
        try:
            report = decode(body, limits=Limits(events=conf.MAX_EVENTS, facts=MOST_FACTS))
        except PayloadError as error:
            raise Refused("invalid", answer(400, str(error)[:LONGEST_ANSWER])) from None
        site_id = int(report["idsite"])
        if not self.knows(site_id):
            raise Refused(UNKNOWN, answer(400, f"idsite: there is no site {site_id}"), site_id)
        if self.is_full(now):
            raise Refused("inbox", later(3600, 6 * 3600), site_id)
        source = Arrival.Source.DOOR
        inbox.put(site_id=site_id, key=key_of(request, site_id), body=body, source=source, now=now)

    def admits(self, request: HttpRequest, length: int, now: datetime) -> bool:
        """Whether the client's network has not had its share of requests."""
        network = network_of(request.META, proxies=conf.PROXIES)
        if network is None:
            self.refusals.count("address", now=now)
        elif not conf.PROXIES and "X-Forwarded-For" in request.headers:
            self.refusals.count("proxy", now=now)
        return self.limiter.allows(
            network,
            weight=weight_of(length),
            now=now.timestamp(),
            per_minute=conf.RATE,
            per_day=conf.NETWORK_DAILY,
        )

    def knows(self, site_id: int) -> bool:
        """Whether there is such a site. New ones are known at once, others for some seconds after."""
        read_at, sites = self._sites
        if site_id not in sites or self.timer() - read_at >= FRESH:
            sites = frozenset(Site.objects.values_list("pk", flat=True))
            self._sites = self.timer(), sites
        return site_id in sites

    def is_full(self, now: datetime) -> bool:
        """Whether the roll-up is so far behind that a new report had better come later."""
        read_at, full = self._full
        if self.timer() - read_at >= FRESH:
            level = inbox.level()
            full = level.waiting > conf.INBOX_LIMIT or level.age(now) > OLDEST_WAITING
            self._full = self.timer(), full
        return full


def content_length(request: HttpRequest) -> int | None:
    """Return the length that the request announces, or None: a body of unknown length is not read."""
    text = request.META.get("CONTENT_LENGTH") or ""
    if not text and "Transfer-Encoding" not in request.headers:
        return 0
    return int(text) if text.isascii() and text.isdigit() else None


def key_of(request: HttpRequest, site_id: int) -> uuid.UUID | None:
    """Return the key by which a repeat of this report is known, or None if the client sent none."""
    key = request.headers.get("Idempotency-Key")
    return digest(site_id, key) if key else None


def answer(status: int, text: str) -> HttpResponse:
    headers = {"X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, status=status, content_type=PLAIN, headers=headers)


def later(shortest: int, longest: int, *, status: int = 503) -> HttpResponse:
    """Ask the client to come back at a random moment, so that all do not come back at once."""
    seconds = random.randint(shortest, longest)  # noqa: S311
    return HttpResponse(status=status, headers={"Retry-After": str(seconds)})


def preflight(request: HttpRequest) -> HttpResponse:
    """Answer a browser that asks before it posts; without allowed origins there is nothing to ask."""
    if not is_allowed(request):
        return HttpResponse(status=405, headers={"Allow": "POST, OPTIONS"})
    headers = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        "Access-Control-Max-Age": "86400",
    }
    return HttpResponse(status=204, headers=headers)


def allow_origin(request: HttpRequest, response: HttpResponse) -> None:
    """Let a page of an allowed origin read the answer."""
    if is_allowed(request):
        response["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response["Vary"] = "Origin"


def is_allowed(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and bool({origin, "*"} & set(conf.CORS_ORIGINS))


door = Door()


@csrf_exempt
@transaction.non_atomic_requests
def receive(request: HttpRequest) -> HttpResponse:
    """The endpoint, for urls."""
    return door(request)
