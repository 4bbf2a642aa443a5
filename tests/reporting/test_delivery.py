from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest
from django.db import connection

from metric_collection import __version__
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.cleaninsights.exceptions import ConnectionFailed, TimedOut
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.cleaninsights.transport import Answer
from metric_collection.consent.choice import choose
from metric_collection.models import HANDFUL, Consent, Report
from metric_collection.models.transactions import atomic
from metric_collection.outbox import seal
from metric_collection.reporting.delivery import Delivery, warn_of_transaction

pytestmark = pytest.mark.django_db
State = Report.State
LOGGER = "metric_collection.reporting.delivery"
ACCEPTED = Answer(status=204)


@pytest.fixture
def delivery(transport, clock):
    return Delivery(transport=transport, clock=clock, random=lambda: 0.0)


@pytest.fixture
def queue(clock):
    """Seal reports whose only event is named after them."""

    def queue(*names: str) -> list[Report]:
        moment = clock()
        return [
            seal(
                [Event(category="c", action="a", name=n, period_start=moment, period_end=moment)],
                category="Heartbeat",
                now=moment,
            )
            for n in names
        ]

    return queue


def arrived(transport) -> list[str]:
    return [body["events"][0]["name"] for body in transport.sent]


def states() -> list[str]:
    return [report.state for report in Report.objects.order_by("id")]


def test_reports_are_posted_in_order_and_recorded(delivery, transport, queue, clock):
    queue("1", "2", "3")
    delivery.deliver()
    assert arrived(transport) == ["1", "2", "3"]
    assert states() == [State.DELIVERED] * 3
    first = Report.objects.order_by("id").first()
    assert (first.status, first.outcome, first.settled_at) == (204, "accepted", clock())


def test_a_queue_of_any_length_is_posted_in_order(delivery, transport, queue):
    names = [str(number) for number in range(2 * HANDFUL + 1)]
    queue(*names)
    delivery.deliver()
    assert arrived(transport) == names


def test_the_sealed_bytes_are_posted_with_their_key(delivery, transport, queue, settings):
    (report,) = queue("1")
    delivery.deliver()
    (request,) = transport.requests
    assert request.url == settings.METRIC_COLLECTION_COLLECTOR_URL
    assert request.body == report.body.encode()
    assert request.headers["Idempotency-Key"] == str(report.key)
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"django-metric-collection/{__version__}"
    assert request.timeout == (4.0, 8.0)


def test_delivered_reports_are_not_posted_again(delivery, transport, queue):
    queue("1")
    delivery.deliver()
    delivery.deliver()
    assert len(transport.requests) == 1


def test_nothing_to_send_makes_no_request(delivery, transport):
    assert delivery.deliver() == []
    assert transport.requests == []


class TestFailure:
    def test_the_first_holds_back_the_rest_so_that_order_is_kept(self, delivery, transport, queue):
        queue("1", "2")
        transport.fail(1)
        delivery.deliver()
        assert len(transport.requests) == 1
        assert states() == [State.QUEUED] * 2

    def test_it_waits_as_clean_insights_does_and_survives_a_restart(
        self, delivery, transport, queue, clock
    ):
        queue("1")
        transport.fail(3)
        waits = []
        for _attempt in range(3):
            delivery.deliver()
            waits.append((Report.objects.get().wait_until - clock()).total_seconds())
            clock.advance(seconds=waits[-1] - 1)
            Delivery(transport=transport, clock=clock).deliver()
            clock.advance(seconds=1)
        assert waits == [8, 16, 32]
        assert len(transport.requests) == 3

    def test_the_wait_is_capped(self, delivery, transport, queue, clock, settings):
        settings.METRIC_COLLECTION_MAX_RETRY_DELAY = 20
        queue("1")
        transport.fail(5)
        for _attempt in range(5):
            delivery.deliver()
            clock.advance(seconds=20)
        assert len(transport.requests) == 5

    def test_retries_of_a_fleet_are_spread(self, transport, queue, clock):
        queue("1")
        transport.fail(1)
        Delivery(transport=transport, clock=clock, random=lambda: 0.75).deliver()
        assert Report.objects.get().wait_until == clock() + timedelta(seconds=6)

    @pytest.mark.parametrize("status", [301, 302, 408, 425, 429, 500, 502, 503])
    def test_a_retriable_status_keeps_the_report_queued(self, delivery, transport, queue, status):
        queue("1")
        transport.answer(status)
        (attempted,) = delivery.deliver()
        assert (attempted.outcome, attempted.status) == (Report.Outcome.ANSWERED, status)
        assert states() == [State.QUEUED]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
    def test_a_refusal_gives_up_at_once_and_the_next_report_is_sent(
        self, delivery, transport, queue, status
    ):
        queue("1", "2")
        transport.answer(status)
        delivery.deliver()
        assert states() == [State.GIVEN_UP, State.DELIVERED]
        assert Report.objects.order_by("id").first().status == status

    def test_retry_after_is_honoured(self, delivery, transport, queue, clock):
        queue("1")
        transport.answer(503, retry_after=7200)
        delivery.deliver()
        clock.advance(seconds=7199)
        delivery.deliver()
        assert len(transport.requests) == 1
        clock.advance(seconds=1)
        delivery.deliver()
        assert arrived(transport) == ["1"]

    def test_sending_by_hand_skips_the_backoff(self, transport, queue, clock):
        queue("1")
        transport.fail(1)
        hurried = Delivery(transport=transport, clock=clock, hurried=True)
        hurried.deliver()
        hurried.deliver()
        assert arrived(transport) == ["1"]

    def test_sending_by_hand_still_waits_as_the_collector_asked(self, transport, queue, clock):
        queue("1")
        transport.answer(429, retry_after=60)
        hurried = Delivery(transport=transport, clock=clock, hurried=True)
        hurried.deliver()
        hurried.deliver()
        assert len(transport.requests) == 1

    def test_retry_after_is_limited_to_max_age(self, delivery, transport, queue, clock):
        queue("1")
        transport.answer(503, retry_after=1e9)
        delivery.deliver()
        assert Report.objects.get().wait_until == clock() + timedelta(days=100)

    def test_a_report_refused_for_a_day_no_longer_holds_back_later_ones(
        self, delivery, transport, queue, clock
    ):
        queue("poison", "2")
        transport.answer(500, times=2)
        delivery.deliver()
        clock.advance(days=1)
        delivery.deliver()
        assert arrived(transport) == ["2"]
        assert states() == [State.QUEUED, State.DELIVERED]

    def test_neither_does_a_report_that_never_gets_an_answer(self, delivery, queue, clock):
        poison, *_ = queue("poison", "2", "3")

        class Resets(RecordingTransport):
            """Cuts the connection for one of the bodies."""

            def post(self, url, body, **options):
                if body == poison.body.encode():
                    raise ConnectionFailed("connection reset")
                return RecordingTransport.post(self, url, body, **options)

        transport = Resets()
        for _attempt in range(2):
            Delivery(transport=transport, clock=clock).deliver()
            clock.advance(days=1)
        assert arrived(transport) == ["2", "3"]

    def test_of_several_such_reports_none_holds_back_the_others(self, clock, queue):
        poison = {report.body.encode() for report in queue("p1", "p2", "p3")}
        transport = RecordingTransport()

        class Resets:
            def post(self, url, body, **options):
                if body in poison:
                    raise ConnectionFailed("connection reset")
                return transport.post(url, body, **options)

        def deliver():
            Delivery(transport=Resets(), clock=clock, random=lambda: 0.5).deliver()
            clock.advance(hours=1)

        for _hour in range(25):
            deliver()
        queue("good")
        for _hour in range(4):
            deliver()
        assert arrived(transport) == ["good"]

    def test_a_report_that_backs_off_is_passed_over_too(self, transport, queue, clock):
        queue("poison", "backs off", "3")
        first, second, _third = Report.objects.order_by("id")
        Report.objects.filter(pk=first.pk).update(failed_at=clock(), outcome="answered")
        clock.advance(days=1)
        Report.objects.filter(pk=second.pk).update(wait_until=clock() + timedelta(minutes=1))
        transport.answer(500)
        Delivery(transport=transport, clock=clock).deliver()
        assert arrived(transport) == ["3"]

    def test_such_a_delivery_is_limited_in_time_too(self, transport, queue, clock):
        queue("1", "2", "3", "4")
        Report.objects.filter(pk=Report.objects.first().pk).update(failed_at=clock(), outcome="x")
        clock.advance(days=1)

        class Slow:
            def post(self, url, body, **options):
                clock.advance(seconds=40)
                if b'"1"' in body:
                    raise TimedOut("no answer in time")
                return transport.post(url, body, **options)

        Delivery(transport=Slow(), clock=clock).deliver()
        assert arrived(transport) == ["2"]

    def test_an_expired_report_is_given_up_without_an_attempt(
        self, delivery, transport, queue, clock
    ):
        queue("1")
        clock.advance(days=101)
        delivery.deliver()
        assert transport.requests == []
        assert states() == [State.GIVEN_UP]

    def test_a_clock_that_was_ahead_holds_nothing_up(self, delivery, transport, queue, clock):
        queue("1")
        clock.advance(days=365)
        Report.objects.update(sealed_at=clock())
        transport.fail(1)
        delivery.deliver()
        clock.advance(days=-365)
        delivery.deliver()
        assert arrived(transport) == ["1"]


class TestOutage:
    def test_three_days_without_a_collector_lose_nothing(self, delivery, transport, queue, clock):
        for hour in range(72):
            if hour % 24 == 0:
                queue(str(hour))
            transport.fail(9)
            delivery.deliver()
            transport._outcomes.clear()
            clock.advance(hours=1)
        delivery.deliver()
        assert arrived(transport) == ["0", "24", "48"]
        assert len({request.headers["Idempotency-Key"] for request in transport.requests[-3:]}) == 3

    def test_it_is_logged_once_when_it_begins_and_once_when_it_ends(
        self, delivery, transport, queue, clock, caplog
    ):
        caplog.set_level(logging.DEBUG, LOGGER)
        queue("1", "2")
        transport.fail(3)
        for _attempt in range(5):
            delivery.deliver()
            clock.advance(hours=1)
        levels = [record.levelno for record in caplog.records if record.levelno > logging.DEBUG]
        assert levels == [logging.WARNING, logging.INFO]

    def test_repeated_refusals_are_logged_once(self, delivery, transport, queue, caplog):
        caplog.set_level(logging.DEBUG, LOGGER)
        queue("1", "2", "3")
        transport.answer(404, times=2)
        delivery.deliver()
        levels = [record.levelno for record in caplog.records if "refused" in record.message]
        assert levels == [logging.WARNING, logging.DEBUG]

    def test_credentials_in_the_url_are_not_logged(
        self, settings, delivery, transport, queue, caplog
    ):
        settings.METRIC_COLLECTION_COLLECTOR_URL = "https://me:secret@example.org/x"
        queue("1")
        transport.fail(1)
        delivery.deliver()
        assert "example.org" in caplog.text
        assert "secret" not in caplog.text


class Interrupting:
    """A collector during whose answer something else happens."""

    def __init__(self, happening, answer=ACCEPTED):
        self.happening = happening
        self.answer = answer
        self.bodies = []

    def post(self, url, body, *, headers, timeout):
        self.bodies.append((body, headers["Idempotency-Key"]))
        self.happening()
        if self.answer is None:
            raise ConnectionFailed("no connection")
        return self.answer


class Killed(BaseException):
    pass


class TestLease:
    def test_a_worker_that_dies_in_between_repeats_the_same_bytes_with_the_same_key(
        self, transport, queue, clock
    ):
        queue("1")

        def die():
            raise Killed

        dying = Interrupting(die)
        with pytest.raises(Killed):
            Delivery(transport=dying, clock=clock).deliver()
        Delivery(transport=transport, clock=clock).deliver()
        assert transport.requests == []  # the lease is still held
        clock.advance(seconds=38)
        Delivery(transport=transport, clock=clock).deliver()
        (request,) = transport.requests
        assert dying.bodies == [(request.body, request.headers["Idempotency-Key"])]

    def test_a_second_worker_does_not_post_what_the_first_is_posting(self, transport, queue, clock):
        queue("1", "2")
        rival = Delivery(transport=transport, clock=clock)
        first = Interrupting(rival.deliver)
        Delivery(transport=first, clock=clock).deliver()
        assert len(first.bodies) == 2
        assert transport.requests == []

    def test_of_two_workers_that_saw_the_same_row_one_claims_it(self, queue, clock):
        queue("1")
        mine, theirs = Report.objects.get(), Report.objects.get()
        lease = timedelta(seconds=30)
        assert mine.claim(clock(), lease)
        assert not theirs.claim(clock(), lease)

    def test_a_worker_whose_clock_is_a_second_behind_respects_a_lease(
        self, transport, queue, clock
    ):
        (report,) = queue("1")
        report.claim(clock() + timedelta(seconds=1), timedelta(seconds=30))
        Delivery(transport=transport, clock=clock).deliver()
        assert transport.requests == []

    def test_an_answer_that_comes_late_does_not_rewrite_what_was_recorded(
        self, transport, queue, clock
    ):
        queue("1")

        def next_attempt():
            clock.advance(minutes=2)
            Delivery(transport=transport, clock=clock).deliver()

        late = Interrupting(next_attempt, answer=Answer(status=404))
        Delivery(transport=late, clock=clock).deliver()
        report = Report.objects.get()
        assert (report.state, report.status) == (State.DELIVERED, 204)

    def test_a_failure_that_comes_late_does_not_disturb_the_next_attempt(
        self, transport, queue, clock
    ):
        queue("1")

        def next_attempt():
            clock.advance(seconds=39)
            Delivery(transport=transport, clock=clock).deliver()

        Delivery(transport=Interrupting(next_attempt, answer=None), clock=clock).deliver()
        assert states() == [State.DELIVERED]


class TestTransactions:
    @pytest.fixture(autouse=True)
    def _not_warned_yet(self):
        warn_of_transaction.cache_clear()

    def test_nothing_is_posted_in_an_open_transaction_and_it_is_said_once(
        self, delivery, transport, queue, caplog
    ):
        queue("1")
        with atomic():
            assert delivery.deliver() == []
            assert delivery.deliver() == []
        assert transport.requests == []
        [line] = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "not sent within a database transaction" in line.message
        delivery.deliver()
        assert arrived(transport) == ["1"]

    @pytest.mark.django_db(transaction=True)
    def test_nothing_is_posted_where_autocommit_is_off(self, delivery, transport, queue):
        queue("1")
        connection.set_autocommit(False)
        try:
            assert delivery.deliver() == []
        finally:
            connection.rollback()
            connection.set_autocommit(True)
        assert transport.requests == []


class TestConsent:
    @pytest.mark.parametrize("variable", ["METRIC_COLLECTION", "DO_NOT_TRACK"])
    def test_switched_off_nothing_is_posted_and_no_row_is_touched(
        self, delivery, transport, queue, clock, monkeypatch, variable
    ):
        queue("1")
        clock.advance(days=101)
        monkeypatch.setenv(variable, "off")
        assert delivery.deliver() == []
        assert transport.requests == []
        assert states() == [State.QUEUED]

    def test_consent_is_asked_again_between_the_claim_and_the_post(
        self, transport, queue, clock, settings
    ):
        queue("1")
        asked = []

        def clock_by_which_consent_ends() -> datetime:
            asked.append(1)
            if len(asked) == 3:  # begin, go on, claim
                settings.METRIC_COLLECTION_CONSENT = "opt-in"
            return clock()

        Delivery(transport=transport, clock=clock_by_which_consent_ends).deliver()
        assert transport.requests == []
        assert Report.objects.get().leased_until is None

    def test_opt_in_posts_nothing_before_a_yes(self, delivery, transport, queue, settings):
        queue("1")
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        assert delivery.deliver() == []
        assert states() == [State.QUEUED]

    def test_after_a_no_only_the_opt_out_event_is_sent(
        self, delivery, transport, queue, clock, settings
    ):
        settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
        queue("1")
        choose(Consent.Choice.DENIED, now=clock())
        queue("sealed by a worker that had asked before")
        delivery.deliver()
        assert arrived(transport) == ["Opt-out"]

    def test_after_a_no_no_row_is_touched(self, delivery, queue, clock, django_assert_num_queries):
        queue("1")
        delivery.deliver()
        choose(Consent.Choice.DENIED, now=clock())
        clock.advance(days=91)
        with django_assert_num_queries(1) as asked:
            delivery.deliver()
        assert {query["sql"].split()[0] for query in asked.captured_queries} == {"SELECT"}
        assert states() == [State.DELIVERED]

    def test_a_report_accepted_during_an_opt_out_stays_in_the_record(self, queue, clock):
        (report,) = queue("1")
        switch = Interrupting(lambda: choose(Consent.Choice.DENIED, now=clock()))
        Delivery(transport=switch, clock=clock).deliver()
        assert Report.objects.get().key == report.key
        assert states() == [State.DELIVERED]

    def test_a_report_that_fails_during_an_opt_out_stays_deleted(self, queue, clock):
        queue("1")
        switch = Interrupting(lambda: choose(Consent.Choice.DENIED, now=clock()), answer=None)
        Delivery(transport=switch, clock=clock).deliver()
        assert not Report.objects.exists()


def test_an_exported_report_is_posted_with_its_key(delivery, transport):
    assert delivery.post_exported("some key", b'{"idsite":5}').accepted
    [request] = transport.requests
    assert (request.body, request.headers["Idempotency-Key"]) == (b'{"idsite":5}', "some key")


class TestServer:
    def test_an_endpoint_refuses_an_empty_body(self, delivery, transport):
        assert delivery.test_server() is None
        assert transport.requests[0].body == b""

    def test_another_kind_of_server_is_a_problem(self, delivery, transport):
        transport.answer(404)
        assert delivery.test_server().startswith("The server answered 404. Check the path")

    def test_an_unreachable_server_is_a_problem(self, delivery, transport):
        transport.fail()
        assert "no connection" in delivery.test_server()


def test_a_delivery_is_limited_in_time(transport, queue, clock):
    queue("1", "2", "3")
    slow = Interrupting(lambda: clock.advance(seconds=40))
    Delivery(transport=slow, clock=clock).deliver()
    assert len(slow.bodies) == 2


def test_an_idle_delivery_takes_one_query(delivery, django_assert_num_queries):
    with django_assert_num_queries(1):
        delivery.deliver()
