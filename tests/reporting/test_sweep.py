from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Measurement, Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from metric_collection.reporting.sweep import due_soon, sweep
from tests.campaigns import ALWAYS, daily

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def do_sweep(clock, transport):
    return lambda: sweep(clock, transport)


@pytest.fixture
def install(clock, transport):
    """Install, with the first heartbeat due after this share of a day; the Install is delivered."""

    def install(share: float = 0.5) -> Snapshot:
        Collection(clock=clock, random=lambda: share).record()
        Delivery(transport=transport, clock=clock).deliver()
        return Snapshot.objects.get()

    return install


def categories(transport) -> list[str]:
    return [body["events"][0]["category"] for body in transport.sent]


def test_it_makes_the_install_and_delivers_it(do_sweep, transport):
    [report] = do_sweep()
    assert report.state == Report.State.DELIVERED
    assert categories(transport) == ["Install"]


def test_it_makes_a_heartbeat_that_is_due(do_sweep, transport, install, clock):
    due = install().heartbeat_due
    clock.set(due - SECOND)
    assert do_sweep() == []
    clock.advance(SECOND)
    do_sweep()
    assert categories(transport) == ["Install", "Heartbeat"]


def test_it_seals_and_delivers_a_period_that_is_over(do_sweep, transport, install, clock, settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"use": daily(**ALWAYS)}
    install()
    end = clock() + MINUTE
    identity = '["event","Search","Run",null]'
    Measurement.objects.create(
        campaign_id="use", period_start=clock(), period_end=end, times=1, identity=identity
    )
    do_sweep()
    assert categories(transport) == ["Install"]
    clock.advance(2 * MINUTE)
    do_sweep()
    assert categories(transport) == ["Install", "Search"]


def test_an_idle_sweep_takes_six_queries_and_writes_nothing(
    do_sweep, install, django_assert_num_queries
):
    install()
    do_sweep()
    with django_assert_num_queries(6) as asked:
        assert do_sweep() == []
    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)


def test_switched_off_no_query_is_made(do_sweep, monkeypatch, django_assert_num_queries):
    monkeypatch.setenv("METRIC_COLLECTION", "off")
    with django_assert_num_queries(0):
        assert do_sweep() == []


class TestSweptAt:
    def test_a_sweep_is_noted_at_most_once_an_hour(self, do_sweep, install, clock):
        install()
        first = clock()
        do_sweep()
        clock.advance(59 * MINUTE)
        do_sweep()
        assert Snapshot.objects.get().swept_at == first
        clock.advance(MINUTE)
        do_sweep()
        assert Snapshot.objects.get().swept_at == clock()

    def test_a_clock_that_went_back_is_noted(self, do_sweep, install, clock):
        install()
        do_sweep()
        clock.advance(-DAY)
        do_sweep()
        assert Snapshot.objects.get().swept_at == clock()

    def test_after_a_no_nothing_is_noted(self, do_sweep, install, clock):
        install()
        choose(Consent.Choice.DENIED, now=clock())
        do_sweep()
        assert Snapshot.objects.get().swept_at is None


class TestRecord:
    @pytest.fixture(autouse=True)
    def settled(self, settings, install):
        settings.METRIC_COLLECTION_KEEP_REPORTS = timedelta(days=2)
        install(share=1)
        Snapshot.objects.update(heartbeat_due=Snapshot.objects.get().heartbeat_due + 3 * DAY)

    def test_it_is_kept_for_as_long_as_the_setting_says(self, do_sweep, clock):
        choose(Consent.Choice.DENIED, now=clock())  # so that no heartbeat comes between
        clock.advance(2 * DAY)
        do_sweep()
        assert Report.objects.count() == 1
        clock.advance(SECOND)
        do_sweep()
        assert not Report.objects.exists()

    def test_switched_off_nothing_is_deleted(self, do_sweep, clock, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "off")
        clock.advance(3 * DAY)
        do_sweep()
        assert Report.objects.count() == 1


class TestReasons:
    """Each reason for which nothing was gathered, made or sent is one line at DEBUG."""

    @pytest.fixture(autouse=True)
    def at_debug(self, caplog):
        caplog.set_level("DEBUG", logger="metric_collection.reporting")

    @pytest.fixture
    def reasons(self, do_sweep, caplog):
        def reasons() -> list[str]:
            caplog.clear()
            do_sweep()
            return [record.getMessage() for record in caplog.records]

        return reasons

    def test_switched_off(self, reasons, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "off")
        [reason] = reasons()
        assert "METRIC_COLLECTION=off" in reason

    def test_declined(self, reasons, install, clock):
        install()
        choose(Consent.Choice.DENIED, now=clock())
        assert any("declined" in reason for reason in reasons())

    def test_not_due(self, reasons, install):
        due = install().heartbeat_due
        assert reasons() == [
            f"No heartbeat is due before {due}.",
            "Nothing to seal: no period of a campaign has ended.",
            "Nothing to deliver: no report is queued.",
        ]

    def test_a_category_that_the_publisher_does_not_want(self, reasons, install, clock, settings):
        settings.METRIC_COLLECTION_CATEGORIES = ["Install", "Upgrade"]
        clock.set(install().heartbeat_due)
        assert "No report is made: METRIC_COLLECTION_CATEGORIES=('Install', 'Upgrade')" in reasons()

    def test_no_fact_is_left(self, reasons, install, clock, settings):
        settings.METRIC_COLLECTION_SELECTION = []
        clock.set(install().heartbeat_due)
        assert "No report is made: there is no fact to send." in reasons()

    def test_new_facts_are_held_back(self, reasons, install, clock, settings):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(Consent.Choice.GRANTED, now=clock())
        settings.METRIC_COLLECTION_FACTS = {"Edition": "enterprise"}
        clock.set(install().heartbeat_due)
        assert "Held back, because they are new: Edition" in reasons()

    def test_a_delivery_that_takes_too_long(self, install, clock, caplog):
        class Slow(RecordingTransport):
            def post(self, *arguments, **options):
                clock.advance(2 * MINUTE)
                return super().post(*arguments, **options)

        install()
        for _ in range(2):
            Report.objects.create(category="Upgrade", body="{}", sealed_at=clock())
        assert len(sweep(clock, Slow())) == 1
        assert "this one takes too long" in caplog.text

    def test_backing_off(self, reasons, install, clock, transport):
        clock.set(install().heartbeat_due)
        transport.fail()
        reasons()
        wait_until = Report.objects.queued().get().wait_until
        expected = f"is not attempted before {wait_until}: backing off after a failure."
        assert any(expected in reason for reason in reasons())

    def test_paused_by_the_collector(self, reasons, install, clock, transport):
        clock.set(install().heartbeat_due)
        transport.answer(503, retry_after=60)
        reasons()
        assert any("the collector asked to wait" in reason for reason in reasons())

    def test_leased(self, reasons, install, clock):
        clock.set(install().heartbeat_due)
        Collection(clock=clock).heartbeat()
        Report.objects.queued().update(leased_until=clock() + MINUTE)
        assert any("another process is posting it" in reason for reason in reasons())


class TestDueSoon:
    @pytest.fixture
    def soon(self, clock):
        return lambda: due_soon(clock())

    @pytest.fixture
    def fail(self, clock, transport):
        """Let a delivery fail; return the report that is queued for the next attempt."""

        def fail(**answer: float) -> Report:
            transport.answer(503, **answer)
            Delivery(transport=transport, clock=clock, random=lambda: 0).deliver()
            return Report.objects.queued().get()

        return fail

    def test_a_heartbeat_before_the_next_sweep(self, soon, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 9 * MINUTE)
        assert soon() == 9 * MINUTE + SECOND

    def test_at_its_end_the_heartbeat_is_due(self, soon, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 9.99 * MINUTE)
        clock.advance(soon())
        assert Collection(clock=clock).heartbeat().category == "Heartbeat"

    def test_the_next_sweep_is_early_enough_for_anything_later(self, soon, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 10 * MINUTE)
        assert soon() is None

    def test_an_overdue_heartbeat_is_made_by_the_sweep_itself(self, soon, clock, install):
        clock.set(install(0.25).heartbeat_due)
        assert soon() is None

    def test_the_next_attempt_before_the_next_sweep(self, soon, clock, install, fail):
        due = install(0.5).heartbeat_due
        clock.set(due)
        Collection(clock=clock).heartbeat()
        queued = fail(retry_after=240)
        assert soon() == queued.wait_until - clock() + SECOND

    def test_whatever_comes_first(self, soon, clock, install, fail):
        due = install(0.5).heartbeat_due
        clock.set(due - 5 * MINUTE)
        Report.objects.create(category="Upgrade", body="{}", sealed_at=clock())
        fail(retry_after=60)
        assert soon() < 2 * MINUTE

    def test_before_an_install_nothing_is_known(self, soon):
        assert soon() is None

    def test_after_a_no_nothing_is_planned(self, soon, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - MINUTE)
        choose(Consent.Choice.DENIED, now=clock())
        assert soon() is None
