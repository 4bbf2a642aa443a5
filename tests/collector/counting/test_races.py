"""Two processes that count the same reports, and databases that refuse: nothing is counted twice or lost."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from metric_collection.collector.counting import rollup
from metric_collection.collector.models import Arrival, Period, Receipt, Site, digest
from tests.collector.reports import NOON, report

pytestmark = pytest.mark.django_db


def installations():
    return sum(Period.objects.filter(span="D").values_list("installations", flat=True))


def test_reports_that_another_process_has_counted_are_not_counted_again(put):
    put(report())
    put(report())
    batch = list(Arrival.objects.waiting())
    assert rollup.count(batch[:1], NOON) == 1
    assert rollup.count(batch, NOON) == 0
    assert installations() == 1
    assert rollup.roll_up(lambda: NOON) == 1
    assert installations() == 2


def test_a_repeat_that_another_process_counts_meanwhile_is_not_counted_again(put, monkeypatch):
    put(report(), key="a")
    sort = rollup._sorted_out

    def slow(batch):
        found = sort(batch)
        Receipt.objects.create(key=digest(5, "a"), until=NOON.date())  # the other process commits
        monkeypatch.setattr(rollup, "_sorted_out", sort)
        return found

    monkeypatch.setattr(rollup, "_sorted_out", slow)
    assert rollup.roll_up(lambda: NOON) == 1
    assert installations() == 0
    assert Period.objects.get().repeats == 1


def test_a_site_that_is_deleted_meanwhile_is_read_anew(put, monkeypatch, site):
    put(report())
    sort = rollup._sorted_out

    def slow(batch):
        Site.objects.all().delete()
        monkeypatch.setattr(rollup, "_sorted_out", sort)
        return sort(batch)

    monkeypatch.setattr(rollup, "_sorted_out", slow)
    assert rollup.roll_up(lambda: NOON) == 1
    assert not Period.objects.exists()


@pytest.mark.parametrize(("failures", "counted"), [(1, 1), (4, 1), (5, 0)])
def test_a_locked_database_is_tried_five_times(put, monkeypatch, failures, counted):
    put(report())
    write, left = rollup.write, [OperationalError("locked")] * failures

    def locked(tally):
        if left:
            raise left.pop()
        write(tally)

    monkeypatch.setattr(rollup, "write", locked)
    if counted:
        assert rollup.roll_up(lambda: NOON) == 1
    else:
        with pytest.raises(OperationalError):
            rollup.roll_up(lambda: NOON)
    assert installations() == counted
    assert Arrival.objects.count() == 1 - counted
