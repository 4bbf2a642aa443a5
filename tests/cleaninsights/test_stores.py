"""What every store promises, whichever it is."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.cleaninsights.backoff import Backoff
from metric_collection.cleaninsights.campaigns import Campaign
from metric_collection.cleaninsights.consents import Consent
from metric_collection.cleaninsights.datapoints import Event, Visit
from metric_collection.cleaninsights.filestore import FileStore
from metric_collection.cleaninsights.stores import LARGEST_BODY, MemoryStore, Store

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
PERIOD = {"period_start": START, "period_end": START + DAY, "campaign_id": "t"}
CAMPAIGN = Campaign(start=START, end=START + 30 * DAY, aggregation_period_length=1)
EVENT = Event(category="c", action="a", name="ü\ud800", value=1.5, **PERIOD)
VISIT = Visit(path=("a", "b"), **PERIOD)
OVER = START + DAY + TICK


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path) -> Store:
    return MemoryStore() if request.param == "memory" else FileStore(tmp_path / "store")


def merge(store, *points, campaign=CAMPAIGN):
    for point in points:
        store.merge(campaign, point)


def pack(points):
    return repr(list(points)).encode()


def seal(store, now=OVER, campaigns=("t",)):
    return store.seal(now, campaigns, pack)


def points(batch):
    return () if batch is None else batch.points


def test_nothing_to_seal_is_no_batch(store):
    assert seal(store) is None


def test_points_come_back_as_they_were_counted(store):
    bare = replace(EVENT, name=None, value=None)
    empty = replace(EVENT, name="")
    merge(store, EVENT, VISIT, bare, empty)
    assert points(seal(store)) == (EVENT, VISIT, bare, empty)


def test_the_body_of_a_batch_holds_its_packed_points(store):
    merge(store, EVENT, VISIT)
    assert seal(store).body == pack([EVENT, VISIT])


def test_a_batch_is_of_bounded_size_and_the_rest_follows(store):
    merge(store, *(replace(EVENT, name=str(number)) for number in range(501)))
    first = seal(store)
    store.settle(first)
    second = seal(store)
    assert (len(first.points), len(second.points)) == (500, 1)


def test_a_body_too_large_for_a_collector_is_split(store):
    merge(store, *(replace(EVENT, name=f"{number}{'x' * 2_000}") for number in range(300)))
    sizes = []
    while batch := seal(store):
        sizes.append(len(batch.body))
        store.settle(batch)
    assert len(sizes) > 1
    assert max(sizes) <= LARGEST_BODY


def test_the_same_is_counted_into_one_row(store):
    merge(store, EVENT, VISIT, EVENT, VISIT, EVENT)
    assert points(seal(store)) == (replace(EVENT, value=4.5, times=3), replace(VISIT, times=2))


def test_each_count_follows_its_campaign(store):
    once = replace(CAMPAIGN, only_record_once=True)
    mean = replace(CAMPAIGN, event_aggregation_rule="avg")
    other = replace(EVENT, name="mean")
    merge(store, EVENT, EVENT, campaign=once)
    merge(store, other, replace(other, value=4.5), campaign=mean)
    assert points(seal(store)) == (EVENT, replace(other, value=3, times=2))


@pytest.mark.parametrize(
    "change",
    [
        {"campaign_id": "u"},
        {"period_start": START + TICK},
        {"period_end": START + DAY - TICK},
        {"category": "x"},
        {"action": "x"},
        {"name": None},
    ],
)
def test_points_of_another_identity_have_a_row_of_their_own(store, change):
    merge(store, EVENT, replace(EVENT, **change))
    assert points(seal(store, campaigns=("t", "u"))) == (EVENT, replace(EVENT, **change))


def test_a_visit_is_no_event(store):
    merge(store, Visit(path=("c",), **PERIOD), replace(EVENT, action="", name=None))
    assert len(points(seal(store))) == 2


def test_a_point_is_sealed_only_once_its_period_is_over(store):
    merge(store, EVENT)
    assert seal(store, START + DAY) is None
    assert points(seal(store, OVER)) == (EVENT,)


def test_only_points_of_these_campaigns_are_sealed(store):
    merge(store, EVENT, replace(EVENT, campaign_id="u"))
    first = seal(store, campaigns=("t",))
    assert points(first) == (EVENT,)
    store.settle(first)
    assert points(seal(store, campaigns=("u",))) == (replace(EVENT, campaign_id="u"),)


def test_a_batch_stays_as_it_is_until_it_is_settled(store):
    merge(store, EVENT)
    batch = seal(store)
    merge(store, EVENT, VISIT)
    assert seal(store) == batch
    store.settle(batch)
    following = seal(store)
    assert points(following) == (EVENT, VISIT)
    assert following.key != batch.key


def test_settling_twice_settles_once(store):
    merge(store, EVENT)
    batch = seal(store)
    store.settle(batch)
    merge(store, VISIT)
    following = seal(store)
    store.settle(batch)
    store.release(batch)
    assert seal(store) == following
    store.settle(following)
    assert seal(store) is None


def test_released_points_are_sealed_anew_and_nothing_is_added_to_them(store):
    merge(store, EVENT, VISIT)
    batch = seal(store)
    store.release(batch)
    merge(store, EVENT)
    again = seal(store)
    assert again.key != batch.key
    assert sorted(map(repr, points(again))) == sorted(map(repr, (EVENT, VISIT, EVENT)))
    store.settle(again)
    assert seal(store) is None


def test_points_of_earlier_periods_are_purged(store):
    late = replace(VISIT, period_end=START + DAY + TICK)
    merge(store, EVENT, late)
    store.persist()
    store.purge(START + DAY + TICK)
    assert points(seal(store, START + 2 * DAY)) == (late,)


def test_a_batch_is_not_purged(store):
    merge(store, EVENT)
    batch = seal(store)
    store.purge(START + 9 * DAY)
    assert seal(store) == batch


def test_consents_are_kept(store):
    assert store.consent("campaign/t") is None
    yes = Consent(granted=True, start=START, end=START + DAY)
    no = Consent(granted=False, start=START, end=None)
    store.put_consent("campaign/t", yes)
    store.put_consent("feature/ua", no)
    assert (store.consent("campaign/t"), store.consent("feature/ua")) == (yes, no)
    store.put_consent("campaign/t", no)
    assert store.consent("campaign/t") == no


def test_the_backoff_is_kept(store):
    assert store.backoff() == Backoff()
    failed = Backoff(failures=3, failed_at=START + TICK, asked=1.5)
    store.put_backoff(failed)
    assert store.backoff() == failed
    store.put_backoff(Backoff())
    assert store.backoff() == Backoff()


def test_a_sum_beyond_64_bits_is_kept(store):
    big = replace(EVENT, value=2**53)
    merge(store, *[big] * 5000)
    assert points(seal(store))[0].value == 5000.0 * 2**53


def test_no_count_is_lost_between_threads(store):
    def count():
        for _ in range(200):
            merge(store, EVENT)
        store.persist()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [point.times for point in points(seal(store))] == [800]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_starts_without_the_points_of_its_parent(store):
    store.put_consent("campaign/t", Consent(granted=True, start=START, end=None))
    merge(store, EVENT)
    child = os.fork()
    if not child:
        merge(store, VISIT)
        batch = seal(store)
        store.settle(batch)
        consented = store.consent("campaign/t") is not None
        os._exit(0 if points(batch) == (VISIT,) and consented else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert points(seal(store)) == (EVENT,)
