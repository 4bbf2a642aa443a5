from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from metric_collection.cleaninsights.answer import Answer
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.collector import forwarding, work
from metric_collection.collector.checks import check_collector
from metric_collection.collector.counting import rollup, settling
from metric_collection.collector.models import (
    Cell,
    Fact,
    Forwarding,
    Period,
    Site,
    Span,
    Value,
    Work,
)
from tests.collector.reports import NOON, report
from tests.collector.rows import fact, value

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
TOKEN = "0123456789abcdef0123456789abcdef"
SETTLED = NOON + 4 * DAY


class Matomo(BaseHTTPRequestHandler):
    """Matomo's endpoint for bulk tracking, as its Tracking API describes it; it tracks nothing it would not."""

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.tracked += (tracked := list(self.checked(json.loads(raw))))
        body = json.dumps({"status": "success", "tracked": len(tracked), "invalid": 0}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def checked(self, bulk):
        assert self.path == "/matomo.php"
        assert set(bulk) == {"requests", "token_auth"}
        assert bulk["token_auth"] == TOKEN, "moments of more than a day ago need it"
        assert 0 < len(bulk["requests"]) <= 100
        for request in bulk["requests"]:
            assert request.startswith("?")
            fields = parse_qs(request[1:])
            assert all(len(texts) == 1 for texts in fields.values())
            found = {name: texts[0] for name, texts in fields.items()}
            assert (found["idsite"], found["rec"]) == ("7", "1")
            assert found["e_c"]
            assert found["e_a"]
            float(found["e_v"])
            assert found["cdt"].endswith(" 12:00:00")
            yield found

    def log_message(self, *_):
        pass


@pytest.fixture
def matomo():
    with HTTPServer(("127.0.0.1", 0), Matomo) as server:
        server.tracked = []
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture(autouse=True)
def target(settings):
    def to(url="https://matomo.example", token=TOKEN):
        settings.METRIC_COLLECTOR_FORWARD = {5: {"url": url, "site": 7, "token": token}}

    to()
    return to


@pytest.fixture
def counted(put):
    """Five installations of two versions, an upgrade and a value that is rare, on a settled day."""
    for number in range(5):
        put(report(facts={"Acme Version": "2.4.1", "os_version": "Debian" if number else "Mine"}))
    for _ in range(3):
        put(report("Upgrade", first="nothing"))
    rollup.roll_up(lambda: NOON)
    settling.settle(SETTLED.date())


@pytest.fixture
def transport():
    return Taking()


class Taking:
    """A transport that takes every bulk, unless an answer is queued."""

    def __init__(self):
        self.bulks, self.answers = [], []

    def post(self, url, body, *, headers, timeout):
        if self.answers:
            return self.answers.pop(0)
        self.bulks.append((url, json.loads(body)))
        return Answer(status=200, text='{"status":"success","tracked":1,"invalid":0}')


def many(site, *, days=1, values=250):
    """Settled days with so many values each."""
    text = fact(site, "edition", "text", 1)
    for number in range(days):
        start = NOON.date() + number * DAY
        Period.objects.create(site=site, span=Span.DAY, start=start, state="settled")
        for each in range(values):
            row = Value.objects.filter(fact=text, text=str(each)).first()
            row = row or value(text, str(each))
            Cell.objects.create(fact=text, value=row, span=Span.DAY, start=start, n=3)


def test_matomo_gets_one_event_for_each_value_of_a_settled_day(matomo, target, counted):
    target(f"http://127.0.0.1:{matomo.server_port}/")
    assert forwarding.forward(SETTLED) == 4
    events = {(e["e_c"], e["e_a"], e["e_n"]): int(e["e_v"]) for e in matomo.tracked}
    assert events == {
        ("Heartbeat", "Acme Version", "2.4.1"): 5,
        ("Heartbeat", "os_version", "Debian"): 4,
        ("Heartbeat", "os_version", "(rare)"): 1,
        ("Upgrade", "Acme Version", "2.4.1"): 3,
    }
    assert {event["cdt"] for event in matomo.tracked} == {"2026-03-04 12:00:00"}
    assert Period.objects.get(span=Span.DAY).forwarded_at == SETTLED
    assert forwarding.forward(SETTLED) == 0, "each day once"


def test_upgrades_are_forwarded_by_the_declared_version_of_the_product(put, counted, transport):
    put(report(facts={"Zero Version": "6.6.6"}))
    rollup.roll_up(lambda: NOON)
    Fact.objects.filter(name="Acme Version").update(is_declared=True, position=1)
    forwarding.forward(SETTLED, transport)
    ((_, bulk),) = transport.bulks
    events = [parse_qs(request[1:]) for request in bulk["requests"]]
    assert [e["e_a"] for e in events if e["e_c"] == ["Upgrade"]] == [["Acme Version"]]


def test_open_held_and_left_out_days_are_not_forwarded(site, transport):
    states = ["open", "held", "left out", "settled", "published"]
    for number, state in enumerate(states):
        start = date(2026, 3, 1 + number)
        Period.objects.create(site=site, span=Span.DAY, start=start, state=state)
    start = date(2026, 3, 9)
    Period.objects.create(
        site=site, span="D", start=start, state="left out", note="too few installations"
    )
    forwarding.forward(SETTLED, transport)
    done = Period.objects.filter(forwarded_at=SETTLED).order_by("start")
    assert [period.start.day for period in done] == [4, 5, 9]
    assert transport.bulks == [], "days without counts need no request"


def test_bulks_have_a_hundred_events(site, transport):
    many(site)
    assert forwarding.forward(SETTLED, transport) == 250
    assert [len(bulk["requests"]) for _, bulk in transport.bulks] == [100, 100, 50]


def test_after_a_failure_in_the_middle_of_a_day_only_the_rest_is_sent(site, transport, caplog):
    many(site)
    transport.answers = [Answer(status=200, text='{"status":"success"}'), Answer(status=503)]
    assert forwarding.forward(SETTLED, transport) == 100
    assert caplog.messages == [
        "Forwarding the sums of site 5 failed, will retry: the server answered 503"
    ]
    assert forwarding.forward(SETTLED + 10 * SECOND, transport) == 0, "backing off"
    assert forwarding.forward(SETTLED + 20 * SECOND, transport) == 150
    assert not Forwarding.objects.exists()


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [
        ([Answer(status=500)], 20),
        ([Answer(status=500)] * 2, 40),
        ([Answer(status=429, retry_after=600)], 600),
        ([Answer(status=503, retry_after=1e9)], 3600),
        ([Answer(status=200, text='{"status":"error","message":"token"}')], 20),
        ([Answer(status=200, text="<h1>Maintenance</h1>")], 20),
    ],
)
def test_it_backs_off_and_respects_retry_after(site, transport, answers, seconds):
    many(site, values=1)
    transport.answers, now = list(answers), SETTLED
    for number in range(len(answers)):
        now = SETTLED + number * timedelta(hours=1)
        assert forwarding.forward(now, transport) == 0
    assert forwarding.forward(now + (seconds - 1) * SECOND, transport) == 0
    assert forwarding.forward(now + seconds * SECOND, transport) == 1


def test_a_matomo_that_is_away_costs_one_attempt_and_one_warning(counted, caplog):
    away = RecordingTransport()
    away.fail(times=9)
    forwarding.forward(SETTLED, away)
    forwarding.forward(SETTLED + timedelta(hours=1), away)
    assert len(away.requests) == 2
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1
    assert TOKEN not in caplog.text


def test_a_slow_matomo_does_not_hold_up_the_counting_for_long(site, transport):
    many(site, days=3, values=1)
    ticks = iter([0, 1, 31, 31])
    assert forwarding.forward(SETTLED, transport, timer=lambda: next(ticks)) == 1


def test_the_token_may_be_in_the_environment(target, counted, transport, monkeypatch):
    target(token="env:MATOMO_TOKEN")
    monkeypatch.delenv("MATOMO_TOKEN", raising=False)
    assert forwarding.forward(SETTLED, transport) == 0
    assert Forwarding.objects.get().detail == ("the environment variable 'MATOMO_TOKEN' is not set")
    (warning,) = check_collector()
    assert warning.id == "usage_metrics_collector.W022"
    monkeypatch.setenv("MATOMO_TOKEN", TOKEN)
    assert check_collector() == []
    forwarding.forward(SETTLED + DAY, transport)
    assert transport.bulks[0][1]["token_auth"] == TOKEN


def test_the_address_of_the_endpoint_may_be_given_in_full(target, counted, transport):
    target("https://matomo.example/js/matomo.php")
    forwarding.forward(SETTLED, transport)
    assert transport.bulks[0][0] == "https://matomo.example/js/matomo.php"


def test_a_site_that_does_not_exist_is_ignored(settings, transport):
    settings.METRIC_COLLECTOR_FORWARD = {6: {"url": "https://m.example", "site": 1, "token": "x"}}
    assert forwarding.forward(SETTLED, transport) == 0


def test_a_failing_matomo_does_not_keep_a_second_one_from_its_sums(site, settings, transport):
    other = Site.objects.create(id=6, name="Other", slug="other")
    many(other, values=1)
    many(site, values=1)
    entry = {"url": "https://matomo.example", "site": 7, "token": TOKEN}
    settings.METRIC_COLLECTOR_FORWARD = {5: entry, 6: entry}
    transport.answers = [Answer(status=500)]
    assert forwarding.forward(SETTLED, transport) == 1


def test_work_forwards_every_five_minutes():
    runs = []
    job = work.Job(
        name="forward", run=lambda now: runs.append(now) or 0, every=work.FORWARDING[0].every
    )
    work.run_due(NOON, (job,))
    for seconds, expected in ((240, 1), (300, 2)):
        Work.objects.update(ended_at=NOON)
        work.run_due(NOON + seconds * SECOND, (job,))
        assert len(runs) == expected


def test_staff_read_that_forwarded_sums_have_left_the_privacy_rules(
    admin_client, counted, transport
):
    url = "/admin/usage_metrics_collector/period/operations/"
    assert "Acme, matomo.example: nothing yet" in admin_client.get(url).content.decode()
    forwarding.forward(SETTLED, transport)
    text = admin_client.get(url).content.decode()
    assert "Acme, matomo.example: until March 4, 2026" in text
    assert "no longer subject to the privacy rules" in text
