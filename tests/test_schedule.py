from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection import schedule
from metric_collection.collection import Collection
from metric_collection.consent import choose
from metric_collection.delivery import Delivery
from metric_collection.models import Consent, Report, Snapshot

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def test_a_queue_can_be_named(settings):
    settings.METRIC_COLLECTION_QUEUE = "telemetry"
    entries = schedule.beat_entries()
    assert {entry["options"]["queue"] for entry in entries.values()} == {"telemetry"}


@pytest.mark.django_db
class TestAppointment:
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

    def test_a_heartbeat_that_falls_due_before_the_next_sweep_has_one(self, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 9 * MINUTE)
        assert schedule.appointment(clock()) == 9 * MINUTE + SECOND

    def test_it_is_kept_when_the_heartbeat_is_due(self, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 9.99 * MINUTE)
        clock.advance(schedule.appointment(clock()))
        assert Collection(clock=clock).beat().category == "Heartbeat"

    def test_the_next_sweep_is_early_enough_for_what_falls_due_after_it(self, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - 10 * MINUTE)
        assert schedule.appointment(clock()) is None

    def test_what_is_overdue_has_none(self, clock, install):
        clock.set(install(0.25).heartbeat_due)
        assert schedule.appointment(clock()) is None

    def test_a_report_that_is_to_be_tried_again_before_the_next_sweep_has_one(
        self, clock, install, fail
    ):
        due = install(0.5).heartbeat_due
        clock.set(due)
        Collection(clock=clock).beat()
        waiting = fail(retry_after=240)
        assert schedule.appointment(clock()) == waiting.wait_until - clock() + SECOND

    def test_what_comes_first_counts(self, clock, install, fail):
        due = install(0.5).heartbeat_due
        clock.set(due - 5 * MINUTE)
        Collection(clock=clock).record()
        Report.objects.create(category="Upgrade", body="{}", sealed_at=clock())
        fail(retry_after=60)
        assert schedule.appointment(clock()) < 2 * MINUTE

    def test_nothing_known_of_nothing_is_planned(self, clock):
        assert schedule.appointment(clock()) is None

    def test_after_a_no_there_is_none(self, clock, install):
        due = install(0.25).heartbeat_due
        clock.set(due - MINUTE)
        choose(Consent.Choice.DENIED, now=clock())
        assert schedule.appointment(clock()) is None
