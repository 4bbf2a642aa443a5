"""Each measures something inside a process with Django set up, at a size, and returns its figures."""

from __future__ import annotations

import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from statistics import median

from django.contrib.auth import get_user_model
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.db.models import F
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.counting import forgetting, rollup, settling, tally, writing
from metric_collection.collector.counting.days import DAY
from metric_collection.collector.demo import Fleet
from metric_collection.collector.models import Arrival, Cell, Fact, Pair, Period, Site, Span, digest
from metric_collection.collector.models.rows import atomic

from .project import network
from .reports import PRODUCT, facts_of, reports

FACTS = 16  # on the dashboard


def database_seconds() -> float:
    """CPU seconds of our connection's server process; SQLite's are our own."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def cost(work: Callable[[], object]) -> float:
    """CPU seconds of this process and of its database process."""
    own, theirs = time.process_time(), database_seconds()
    work()
    return time.process_time() - own + database_seconds() - theirs


def expect_no_content(status: str, _headers: object) -> None:
    assert status == "204 No Content", status


def environ_of(path: str, body: bytes, address: str) -> dict[str, object]:
    """A request as a WSGI server hands it over."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": address,
        "HTTP_HOST": "localhost",
        "HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4()),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }


def door(size: int) -> dict[str, float]:
    """CPU ms of a request to a bare 204 view and to the door, and of counting a report."""

    application = get_wsgi_application()
    bodies = list(reports(size, at=utc_now()))

    def post(path: str) -> None:
        for number, body in enumerate(bodies):
            request = environ_of(path, body, network(number))
            list(application(request, expect_no_content))

    post("/bare")
    bare = cost(lambda: post("/bare")) / size * 1000
    received = cost(lambda: post("/cleaninsights.php")) / size * 1000
    assert Arrival.objects.count() == size
    counted = cost(lambda: rollup.roll_up(utc_now, seconds=3600)) / size * 1000
    heartbeats = Period.objects.get(span="D").heartbeats
    assert heartbeats == size
    return {"bare": bare, "door": received, "roll-up": counted}


def refusal(size: int) -> dict[str, float]:
    """CPU ms of a request that the limiter refuses, Django's handler included."""
    application = get_wsgi_application()
    (body,) = reports(1, at=utc_now())
    answers: Counter[str] = Counter()

    def post(number: int) -> None:
        for _ in range(number):
            request = environ_of("/cleaninsights.php", body, "198.18.0.1")
            list(application(request, lambda status, _headers: answers.update([status])))

    post(1000)  # the network's share of this minute
    answers.clear()
    seconds = cost(lambda: post(size))
    assert set(answers) == {"429 Too Many Requests"}, answers
    return {"ms": seconds / size * 1000}


def backlog(size: int) -> dict[str, float]:
    """Fill the inbox."""

    now = utc_now()
    bodies = list(reports(min(size, 5000), at=now))
    for first in range(0, size, 5000):
        Arrival.objects.bulk_create(
            Arrival(site_id=5, key=uuid.uuid4(), body=body, received_at=now)
            for body in bodies[: size - first]
        )
    return {"waiting": size}


def left(_size: int) -> dict[str, float]:
    """How many reports wait."""

    return {"waiting": Arrival.objects.count()}


def years(days: int) -> dict[str, float]:
    """The size of a database with so many days of 15 facts and pairs, settled as time goes by."""

    site = Site.objects.get(pk=5)
    chance = random.Random(1)
    more = {
        f"module {number}": Counter({f"1.{v}": 400 // (v + 1) for v in range(40)})
        for number in range(4)
    }
    counts = Counter(pair for _ in range(2000) for pair in facts_of(chance).items())
    counts.update({(name, text): n for name, found in more.items() for text, n in found.items()})
    spans = frozenset(Span)
    first = utc_now() - timedelta(days=days)
    for number in range(days + 1):
        now = first + number * DAY
        sums = tally.Tally(now=now, max_age=timedelta(days=101), sites={5: site})
        day = now.date()
        for span in (
            Span.DAY,
            *((Span.WEEK,) if day.weekday() == 0 else ()),
            *((Span.MONTH,) if day.day == 1 else ()),
        ):
            start = settling.start_of(span, day)
            sums.periods[5, span, start, "installations"] += 2000
        wanted = (
            spans
            if day.weekday() == 0 and day.day == 1
            else frozenset(
                {Span.DAY}
                | ({Span.WEEK} if day.weekday() == 0 else set())
                | ({Span.MONTH} if day.day == 1 else set())
            )
        )
        sums.facts[5, day, wanted].update(counts)
        if day.weekday() == 0:
            for minor in range(5, 10):
                sums.pairs[5, day, (PRODUCT, f"2.{minor}.1")].update(
                    {pair: n // 5 for pair, n in counts.items() if n >= 5}
                )
        with atomic(Site):
            writing.write(sums)
        if number == 0:
            Fact.objects.update(is_public=True, is_declared=True)
        settling.settle(day)
        if number % 30 == 0:
            forgetting.forget(now)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = Path(connection.settings_dict["NAME"])
    return {"MB": folder.stat().st_size / 1e6, "facts": Fact.objects.count()}


def copy_facts(site: Site, number: int) -> None:
    """Give a site more facts, each with the values and counts of os_version."""
    original = Fact.objects.get(site=site, name="os_version")
    cells = list(Cell.objects.filter(fact=original))
    pairs = list(Pair.objects.filter(value__fact=original))
    for n in range(number):
        fact = Fact.objects.get(pk=original.pk)
        fact.pk, fact.name, fact.digest = None, f"fact {n}", digest("fact", n)
        fact.save(force_insert=True)
        new = {}
        for value in original.values.all():
            before, value.pk, value.fact = value.pk, None, fact
            value.save(force_insert=True)
            new[before] = value.pk
        Cell.objects.bulk_create(
            Cell(fact=fact, value_id=new[each.value_id], span=each.span, start=each.start, n=each.n)
            for each in cells
        )
        Pair.objects.bulk_create(
            Pair(value_id=new[each.value_id], by_id=each.by_id, start=each.start, n=each.n)
            for each in pairs
        )


def dashboard(factor: int) -> dict[str, float]:
    """Milliseconds and queries of the dashboard of 90 days and 16 facts, its fleet made larger by a factor."""

    site = Site.objects.get(pk=5)
    list(Fleet(site=site, installations=100, days=100, now=utc_now()).live())
    copy_facts(site, FACTS - Fact.objects.filter(site=site, is_built_in=False).count())
    Cell.objects.update(n=F("n") * factor)
    Pair.objects.update(n=F("n") * factor)
    Period.objects.update(installations=F("installations") * factor)
    user = get_user_model().objects.create_superuser("staff")
    url = reverse("admin:usage_metrics_collector_dashboard")

    def show() -> None:
        request = RequestFactory().get(url, {"site": 5})
        request.user, request.session = user, {}
        request._messages = FallbackStorage(request)
        view = resolve(url)
        assert view.func(request, *view.args, **view.kwargs).render().status_code == 200

    show()
    with CaptureQueriesContext(connection) as queries:
        show()
    taken = []
    for _ in range(15):
        began = time.process_time()
        show()
        taken.append((time.process_time() - began) * 1000)
    return {"ms": median(taken), "queries": len(queries)}


def actives(size: int) -> dict[str, float]:
    """The error of daily actives in percent: a fleet for a month, with restarts, upgrades and days off."""

    now = utc_now().replace(hour=23, minute=59)
    fleet = Fleet(site=Site.objects.get(pk=5), installations=size, days=30, now=now)
    truth: Counter[date] = Counter()
    report = fleet._report

    def watched(
        installation, category, first_of
    ):  # one more report now and then, as a restart makes it
        day = fleet.moment.date()
        truth[day] += category != "Install"
        report(installation, category, first_of)
        if category != "Install" and fleet.random.random() < 0.2:
            report(installation, "Heartbeat", installation.first_of(day))

    fleet._report = watched
    list(fleet.live())
    assert not Arrival.objects.exists()
    assert rollup.roll_up(utc_now) == 0
    today = now.date()
    counted = dict(Period.objects.filter(span="D").values_list("start", "installations"))
    errors = [abs(counted[day] / n - 1) * 100 for day, n in truth.items() if day < today - DAY]
    return {"percent": max(errors)}
