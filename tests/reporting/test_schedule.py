from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.consent.choice import choose
from metric_collection.models import Consent, Measurement, Report, Snapshot
from metric_collection.reporting import schedule, sweep
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def test_a_queue_can_be_named(settings):
    settings.METRIC_COLLECTION_QUEUE = "telemetry"
    entries = schedule.beat_entries()
    assert {entry["options"]["queue"] for entry in entries.values()} == {"telemetry"}


@pytest.fixture
def agenda(clock):
    """Ask what there is to do now."""
    return lambda: sweep.agenda(clock())


@pytest.fixture
def is_due(clock, agenda):
    """Whether a sweep would have anything to do now."""
    return lambda: agenda().is_due(clock())


@pytest.mark.django_db
class TestAgenda:
    @pytest.fixture(autouse=True)
    def installed(self, clock):
        """The Install is delivered, the first heartbeat is due in half a day."""
        Collection(clock=clock, random=lambda: 0.5).record()
        Report.objects.update(state=Report.State.DELIVERED)

    def test_it_takes_one_question(self, is_due, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert not is_due()

    def test_an_install_is_due_where_there_is_none(self, is_due):
        Snapshot.objects.all().delete()
        assert is_due()

    def test_a_heartbeat_is_due_at_its_moment(self, is_due, clock):
        clock.set(Snapshot.objects.get().heartbeat_due - SECOND)
        assert not is_due()
        clock.advance(SECOND)
        assert is_due()

    def test_a_heartbeat_from_before_the_clock_went_back_is_to_be_looked_at(self, is_due, clock):
        clock.advance(days=-1)
        assert is_due()

    def test_whatever_waits_is_due(self, is_due, agenda, clock):
        Report.objects.create(category="Upgrade", body="{}", sealed_at=clock())
        assert is_due()
        assert agenda().report == clock()

    def test_a_period_is_due_when_it_is_over(self, is_due, clock):
        end = clock() + MINUTE
        Measurement.objects.create(period_start=clock(), period_end=end, times=1, identity="")
        assert not is_due()
        clock.advance(MINUTE + timedelta.resolution)
        assert is_due()


@pytest.mark.django_db
class TestAppointment:
    @pytest.fixture
    def appointment(self, clock, agenda):
        """Ask in how long something falls due before the next sweep."""
        return lambda: agenda().appointment(clock())

    @pytest.fixture
    def install(self, clock, transport):
        """Install, with the first heartbeat due after this share of a day; the Install is delivered."""

        def install(share: float) -> Snapshot:
            Collection(clock=clock, random=lambda: share).record()
            Delivery(transport=transport, clock=clock).deliver()
            return Snapshot.objects.get()

        return install

    @pytest.fixture
    def fail(self, clock, transport):
        """Let a delivery fail; return the report that waits for the next attempt."""

        def fail(**answer: float) -> Report:
            transport.answer(503, **answer)
            Delivery(transport=transport, clock=clock, random=lambda: 0).deliver()
            return Report.objects.queued().get()

        return fail

    def test_a_heartbeat_that_falls_due_before_the_next_sweep_has_one(
        self, appointment, clock, install
    ):
        due = install(0.25).heartbeat_due
        clock.set(due - 9 * MINUTE)
        assert appointment() == 9 * MINUTE + SECOND

    def test_it_is_kept_when_the_heartbeat_is_due(self, appointment, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 9.99 * MINUTE)
        clock.advance(appointment())
        assert Collection(clock=clock).heartbeat().category == "Heartbeat"

    def test_the_next_sweep_is_early_enough_for_what_falls_due_after_it(
        self, appointment, clock, install
    ):
        due = install(0.25).heartbeat_due
        clock.set(due - 10 * MINUTE)
        assert appointment() is None

    def test_what_is_overdue_has_none(self, appointment, clock, install):
        clock.set(install(0.25).heartbeat_due)
        assert appointment() is None

    def test_a_report_that_is_to_be_tried_again_before_the_next_sweep_has_one(
        self, appointment, clock, install, fail
    ):
        due = install(0.5).heartbeat_due
        clock.set(due)
        Collection(clock=clock).heartbeat()
        waiting = fail(retry_after=240)
        assert appointment() == waiting.wait_until - clock() + SECOND

    def test_what_comes_first_counts(self, appointment, clock, install, fail):
        due = install(0.5).heartbeat_due
        clock.set(due - 5 * MINUTE)
        Collection(clock=clock).record()
        Report.objects.create(category="Upgrade", body="{}", sealed_at=clock())
        fail(retry_after=60)
        assert appointment() < 2 * MINUTE

    def test_nothing_known_of_nothing_is_planned(self, appointment, clock):
        assert appointment() is None

    def test_after_a_no_there_is_none(self, appointment, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - MINUTE)
        choose(Consent.Choice.DENIED, now=clock())
        assert appointment() is None
