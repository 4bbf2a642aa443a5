from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from metric_collection import outbox as reports
from metric_collection.models import Report

pytestmark = pytest.mark.django_db
State = Report.State


@pytest.fixture
def report(clock):
    def report(**values) -> Report:
        return Report.objects.create(
            **{"category": "Heartbeat", "body": "{}", "sealed_at": clock(), **values}
        )

    return report


def test_an_export_hands_over_the_exact_bodies_and_settles_them(report, clock):
    report(body='{"a":1}')
    report(body='{"a":2}')
    written = []
    assert reports.export(written.extend, now=clock()) == 2
    assert [row.body for row in written] == ['{"a":1}', '{"a":2}']
    assert {row.state for row in Report.objects.all()} == {State.EXPORTED}
    assert reports.export(written.extend, now=clock()) == 0


@pytest.mark.django_db(transaction=True)
def test_an_export_that_cannot_be_written_settles_nothing(report, clock):
    report()

    def full(_bodies):
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        reports.export(full, now=clock())
    assert Report.objects.get().state == State.QUEUED


def test_an_export_leaves_what_a_worker_is_posting(report, clock):
    report(leased_until=clock() + timedelta(seconds=30))
    assert reports.export(list, now=clock()) == 0


def test_an_export_settles_nothing_that_it_has_not_written(report, clock):
    """A worker returns its report to the queue between the two statements of an export."""
    exported, leased = report(), report(leased_until=clock() + timedelta(seconds=30))

    def return_first(execute, sql, params, *arguments):
        if sql.startswith("UPDATE") and State.EXPORTED in params:
            Report.objects.filter(pk=leased.pk).update(leased_until=None)
        return execute(sql, params, *arguments)

    written = []
    with connection.execute_wrapper(return_first):
        reports.export(written.extend, now=clock())
    assert written == [exported]
    leased.refresh_from_db()
    assert leased.state == State.QUEUED


def test_recent_and_queued_reports_are_neither_expired_nor_deleted(report, clock):
    report()
    report(state=State.DELIVERED, settled_at=clock())
    reports.expire(clock())
    reports.forget(clock())
    assert Report.objects.count() == 2


def test_a_description_holds_the_exact_body_and_its_size(report):
    told = reports.described(report(body='{"name":"é"}'))
    assert (told["body"], told["bytes"]) == ('{"name":"é"}', 13)
    assert told["sealed_at"] == "2026-03-01T12:34:56Z"
    assert told["settled_at"] is None
