"""Versions and texts as hosts have them, from the setting to the bytes that a collector receives."""

from __future__ import annotations

import pytest

from metric_collection.cleaninsights.testing import FrozenClock
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from tests.harness.collector import collecting

pytestmark = pytest.mark.django_db
FACT = "Acme Version"


@pytest.fixture
def collector(settings):
    with collecting() as collector:
        settings.METRIC_COLLECTION_COLLECTOR_URL = collector.url
        yield collector


@pytest.fixture
def report(settings, collector):
    """report(version) -> deploys it, migrates and beats two days later: what arrives of each."""
    clock = FrozenClock()

    def report(version):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = version
        before = len(collector.arrivals)
        Collection(clock=clock).record()
        clock.advance(days=2)
        Collection(clock=clock).heartbeat()
        Delivery(clock=clock).deliver()
        return [
            (arrival.category, arrival.facts.get(FACT)) for arrival in collector.arrivals[before:]
        ]

    return report


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1.0.dev1", "1.0"),
        ("1.0", "1.0.post1"),
        ("1.9", "1.10"),
        ("2024.1-custom", "2024.2-custom"),
        ("2024.1", "2024.1-custom"),
        (None, "1.0"),
    ],
)
def test_a_higher_or_new_version_arrives_as_an_upgrade_in_its_own_spelling(report, before, after):
    assert report(before) == [("Install", before), ("Heartbeat", before)]
    assert report(after) == [("Upgrade", after), ("Heartbeat", after)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("1.0", "1.0.dev1"), ("2024.2-custom", "2024.1-custom"), ("1.0", None), ("1.0", "1.0")],
)
def test_a_downgrade_or_removal_is_no_upgrade_and_the_heartbeat_says_what_is_there(
    report, before, after
):
    report(before)
    assert report(after) == [("Heartbeat", after)]


def test_a_product_that_goes_down_and_up_again_has_been_upgraded(report):
    report("1.0"), report("0.9")
    assert report("1.0") == [("Upgrade", "1.0"), ("Heartbeat", "1.0")]


@pytest.mark.parametrize(
    "text",
    ['a & b <c> "é"', "{{ x }} {% y %}", "'; DROP TABLE--", '{"a": [1]}', "\u202eabc", "日本語 🎉"],
)
def test_a_text_arrives_as_it_is(settings, collector, text):
    settings.METRIC_COLLECTION_FACTS = {"Sky": text}
    Collection().record()
    Delivery().deliver()
    [arrival] = collector.arrivals
    assert arrival.facts["Sky"] == text


def test_a_long_text_is_cut_and_what_json_cannot_carry_is_replaced(settings, collector):
    settings.METRIC_COLLECTION_FACTS = {"Long": "é" * 300, "Odd": "a\x00b\ud800c"}
    Collection().record()
    Delivery().deliver()
    [arrival] = collector.arrivals
    assert arrival.facts["Long"] == "é" * 255
    assert (arrival.facts["Odd"][0], arrival.facts["Odd"][-1]) == ("a", "c")
