"""Reports are counted exactly once, with kills and other processes that count."""

from __future__ import annotations

import pytest

FLEET = """
import os, random, signal, time, multiprocessing
from collections import Counter
from datetime import timedelta
from django.db import connection
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.door import inbox
from metric_collection.collector.models import *
from tests.collector.reports import FACTS, report

REPORTS, KILLS, RUNNERS = map(int, sys.argv[1:4])
fork = multiprocessing.get_context("fork")
rollup.MOST = {}
rollup.USUAL_MOST = 40
chance = random.Random(7)
now = utc_now()
Site.objects.get_or_create(id=5, name="Acme", slug="acme")

def put_all(number):
    mine = random.Random(number)
    for index in range(REPORTS):
        key = digest(number, index) if mine.random() < 0.9 else None
        body = report(at=now, facts={**FACTS, "edition": mine.choice("abcdef")})
        times = 1 + (key is not None and mine.random() < 0.2)
        for _ in range(times):
            inbox.put(site_id=5, key=key, body=body, source="door", now=now)
        if mine.random() < 0.05:
            time.sleep(0.005)

def count_all(number):
    while True:
        rollup.roll_up(utc_now)
        time.sleep(0.01)

def start(target, number):
    process = fork.Process(target=target, args=[number])
    process.start()
    return process

connection.close()
senders = [start(put_all, number) for number in range(4)]
runners = [start(count_all, number) for number in range(RUNNERS)]
for kill in range(KILLS):
    time.sleep(chance.random() * 0.12)
    victim = kill % RUNNERS
    os.kill(runners[victim].pid, signal.SIGKILL)
    runners[victim].join()
    runners[victim] = start(count_all, kill)
for sender in senders:
    sender.join()
for runner in runners:
    os.kill(runner.pid, signal.SIGKILL)
    runner.join()
rollup.roll_up(utc_now)
day = Period.objects.get(span="D")
print(json.dumps({
    "exitcodes": [sender.exitcode for sender in senders],
    "left": Arrival.objects.count(),
    "installations": day.installations,
    "sums": [sum(Cell.objects.filter(fact=fact, span="D").values_list("n", flat=True)) for fact in Fact.objects.all()],
    "texts": Value.objects.filter(fact__name="edition", role="named").count(),
}))
"""


@pytest.mark.parametrize(
    ("reports", "kills"), [(20, 3), pytest.param(400, 25, marks=pytest.mark.thorough)]
)
def test_every_report_is_counted_exactly_once(host, reports, kills):
    host.manage("flush", "--noinput")
    counted = host.django(FLEET, str(reports), str(kills), "2")
    expected = 4 * reports
    assert counted == {
        "exitcodes": [0] * 4,
        "left": 0,
        "installations": expected,
        "sums": [expected] * 3,
        "texts": 6,
    }


SUMS = """
from datetime import date
from metric_collection.collector.counting import settling
from metric_collection.collector.models import *
from metric_collection.collector.models.sums import add

Site.objects.get_or_create(id=5, name="Acme", slug="acme")
row = lambda **more: Period(site_id=5, span="W", start=date(2026, 3, 2), **more)
unique = ["site", "span", "start"]
for n in (1, 2):
    add([row(installations=n, late=1)], unique=unique, sums=["installations", "late"], sets=["is_folded"])
    Period.objects.filter(span="W", start=date(2026, 3, 2)).update(is_folded=True)
add([row(installations=4)], unique=unique, sums=["installations", "late"], sets=["is_folded"])
add([], unique=unique, sums=["late"])
found = Period.objects.get(span="W", start=date(2026, 3, 2))
print(json.dumps([found.installations, found.late, found.is_folded]))
"""


def test_sums_add_up_and_other_columns_are_replaced(host):
    assert host.django(SUMS) == [7, 2, False]


FORGETTING = """
from threading import Thread
from django.db import connection, transaction
from metric_collection.collector.models import *
from metric_collection.collector.publishing.erasing import forget_fact
from tests.collector.rows import NOW, TODAY, fact, value

site, _ = Site.objects.get_or_create(id=8, name="Erased", slug="erased")
name, product = fact(site, "os_version", "text", 1), fact(site, "Acme Version", "version", 2)
found, by = value(name, "secret"), value(product, "2.4.1")

def forget():
    forget_fact(name, text="secret", now=NOW)
    connection.close()

with transaction.atomic():  # as in a roll-up: the site is locked, and the value is looked up
    Site.objects.locked([site.pk])
    thread = Thread(target=forget)
    thread.start()
    thread.join(0.2)
    Cell.objects.create(fact=name, value=found, span="W", start=TODAY, n=1)
    Pair.objects.create(value=found, start=TODAY, by=by, n=1)
thread.join()
numbers = [Cell.objects.filter(value=found), Pair.objects.filter(value=found)]
print(json.dumps([each.count() for each in numbers]))
"""


def test_a_value_that_a_roll_up_counts_meanwhile_is_erased_with_its_numbers(host):
    assert host.django(FORGETTING) == [0, 0]


PUBLISHING = """
from threading import Thread
from django.db import connection, transaction
from metric_collection.collector.models import *
from metric_collection.collector.publishing.publications import freeze
from tests.collector.rows import NOW, grow

site = grow(site_id=10, name="Public", size=1000, days=70)
site.facts.filter(is_declared=True).update(is_public=True)
week = Period.objects.filter(site=site, span="W", state="settled").latest("start")
version = Value.objects.get(fact__site=site, fact__is_built_in=False, text="2.4.0")

def publish():
    freeze(week, NOW)
    connection.close()

with transaction.atomic():  # as in forget-fact: the site is locked, and the value is erased
    Site.objects.locked([site.pk])
    thread = Thread(target=publish)
    thread.start()
    thread.join(0.2)
    Pair.objects.filter(by=version).delete()
    Cell.objects.filter(value=version).delete()
    version.delete()
thread.join()
body = Publication.objects.get(site=site).body
print(json.dumps(["2.3" in body, "2.4" in body]))
"""


def test_a_value_that_is_erased_meanwhile_is_not_published(host):
    assert host.django(PUBLISHING) == [True, False]


ALIKE = """
from io import StringIO
from django.core.management import CommandError, call_command
from metric_collection.collector.models import *
from metric_collection.collector.publishing import counts
from tests.collector.rows import TODAY, fact, value

def forget(*arguments):
    try:
        call_command("metric_collector", "forget-fact", "9", *arguments, "--no-input", stdout=StringIO())
    except CommandError as error:
        return str(error)

site, _ = Site.objects.get_or_create(id=9, name="Alike", slug="alike")
name, product = fact(site, "os_version", "text", 1), fact(site, "Acme Version", "version", 2)
forged = fact(site, "acme version", "version", 0, is_declared=False)
for text in ("Alpine", "alpine", "Älpine", "Alpine "):
    found = value(name, text)
for by in (product, forged):
    Pair.objects.create(value=found, start=TODAY, by=value(by, "2.4.1"), n=10 if by == product else 7)
week = Period(site=site, span="W", start=TODAY)
print(json.dumps({
    "published": [list(each.values()) for each in counts.pairs(week, [name, product]).values()],
    "messages": [forget("os_version", "--value", "alpine"), forget("OS_VERSION")],
    "left": sorted(Value.objects.filter(fact=name).values_list("text", flat=True)),
}))
"""


def test_facts_and_values_that_differ_by_case_or_accent_alone_are_not_taken_for_each_other(host):
    assert host.django(ALIKE) == {
        "published": [[10]],
        "messages": [None, "Alike has no fact 'OS_VERSION'."],
        "left": ["Alpine", "Alpine ", "Älpine"],
    }


# Self-checks of other tests of this host, of which a killed worker may have left one halfway.
FORGET_SELF_CHECKS = """
from metric_collection.collector import self_check
from metric_collection.collector.models import Alarm, Site, Work

for site in Site.objects.of_self_check():
    self_check._delete(site)
Alarm.objects.all().delete()
Work.objects.all().delete()
"""


LIFE = """
from datetime import timedelta
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import health, work
from metric_collection.collector.counting import forgetting, settling, showing
from metric_collection.collector.demo import Fleet
from metric_collection.collector.models import *

site, _ = Site.objects.get_or_create(id=6, name="Demo", slug="demo")
now = utc_now()
list(Fleet(site=site, installations=15, days=15, now=now).live())
work.run_due(now)
settling.settle(now.date() + timedelta(days=40))
forgetting.forget(now + timedelta(days=500))
print(json.dumps({
    "well": health.check(now).is_well,
    "days": sum(each["day"] < str(now.date()) for each in showing.shown(site)["days"]),
    "open": Period.objects.filter(site=site, is_folded=False).count(),
    "daily": Cell.objects.filter(fact__site=site, span="D").count(),
    "pairs": Pair.objects.exists(),
}))
"""


@pytest.mark.thorough
def test_a_fleet_is_counted_settled_and_forgotten(host):
    found = host.django(FORGET_SELF_CHECKS + LIFE)
    assert found == {"well": True, "days": 15, "open": 0, "daily": 0, "pairs": True}


VACUUM = """
from django.db import connection
options = None
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        table = "usage_metrics_collector_arrival"
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        (options,) = cursor.fetchone()
print(json.dumps(options))
"""


def test_postgresql_vacuums_the_inbox_by_its_dead_rows(host):
    expected = ["autovacuum_vacuum_threshold=10000", "autovacuum_vacuum_scale_factor=0"]
    assert host.django(VACUUM) in (None, expected)


CHECKED = """
from datetime import timedelta
from django.conf import settings
from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import forwarding, self_check
from metric_collection.collector.counting import rollup
from metric_collection.collector.demo import Fleet
from metric_collection.collector.models import *

class Failing:
    # The second bulk fails once.
    taken = []
    def post(self, url, body, **_):
        failed = len(self.taken) == 1
        self.taken.append(json.loads(body))
        return Answer(status=503) if failed else Answer(status=200, text='{"status":"success"}')

now = utc_now()
outcomes = [self_check.run(now), self_check.run(now + timedelta(hours=1))]
rollup.roll_up(utc_now)
outcomes.append(self_check.run(now + timedelta(hours=2)))
site, _ = Site.objects.get_or_create(id=7, name="Sums", slug="sums")
list(Fleet(site=site, installations=15, days=8, now=now).live())
settings.METRIC_COLLECTOR_FORWARD = {7: {"url": "https://m.example", "site": 1, "token": "t"}}
cells = Cell.objects.filter(fact__site=site, span="D", start__lte=now.date() - timedelta(days=4))
transport = Failing()
sent = sum(forwarding.forward(now + timedelta(hours=n), transport) for n in range(2))
print(json.dumps({
    "self-checks": outcomes,
    "alarms": Alarm.objects.filter(code="self-check").count(),
    "is all sent": sent == cells.count() > 0,
    "repeated": len(transport.taken) - len({json.dumps(bulk) for bulk in transport.taken}),
}))
"""


@pytest.mark.thorough
def test_the_self_check_and_forwarding_work_on_every_database(host):
    found = host.django(FORGET_SELF_CHECKS + CHECKED)
    assert found == {"self-checks": [1, 0, 1], "alarms": 0, "is all sent": True, "repeated": 1}
