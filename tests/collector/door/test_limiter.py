from __future__ import annotations

import pytest

from metric_collection.collector.door.limiter import Limiter, network_of, weight_of

NOON = 1_772_625_600.0


def allowed(
    limiter, network=b"\x04abc", *, times=1, weight=1, now=NOON, per_minute=60, per_day=500
):
    """How many of these requests pass."""
    limits = {"weight": weight, "now": now, "per_minute": per_minute, "per_day": per_day}
    return sum(limiter.allows(network, **limits) for _ in range(times))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
    ],
)
def test_a_network_is_a_prefix_of_the_address(one, other, same):
    found = [network_of({"REMOTE_ADDR": address}, proxies=0) for address in (one, other)]
    assert (found[0] == found[1]) is same


def test_behind_proxies_the_address_is_counted_from_the_right():
    meta = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 192.0.2.7, 10.0.0.1"}
    assert network_of(meta, proxies=2) == network_of({"REMOTE_ADDR": "192.0.2.7"}, proxies=0)


@pytest.mark.parametrize(
    ("meta", "proxies"),
    [
        ({"REMOTE_ADDR": ""}, 0),
        ({}, 0),
        ({"REMOTE_ADDR": "192.0.2.1"}, 1),
        ({"HTTP_X_FORWARDED_FOR": "unknown"}, 1),
    ],
)
def test_a_request_without_an_address_passes(meta, proxies):
    network = network_of(meta, proxies=proxies)
    assert network is None
    assert allowed(Limiter(), network, times=100) == 100


def test_a_network_has_so_many_requests_a_minute():
    limiter = Limiter()
    assert allowed(limiter, times=61) == 60
    assert allowed(limiter, b"\x04xyz") == 1
    assert allowed(limiter, now=NOON + 60, times=61) == 60


def test_a_network_has_so_many_requests_a_day():
    limiter = Limiter()
    passed = [allowed(limiter, now=NOON + 60 * minute, times=60) for minute in range(10)]
    assert sum(passed) == 500
    assert allowed(limiter, now=NOON + 86_400) == 1


@pytest.mark.parametrize(("length", "weight"), [(0, 1), (4095, 1), (4096, 2), (262_144, 65)])
def test_a_large_body_weighs_more(length, weight):
    assert weight_of(length) == weight


def test_a_weight_above_what_is_left_is_refused():
    limiter = Limiter()
    assert allowed(limiter, weight=59) == 1
    assert allowed(limiter, weight=2) == 0
    assert allowed(limiter, weight=1) == 1


def test_many_networks_hardly_ever_share_a_limit():
    limiter = Limiter()
    networks = [bytes([4, first, second, 0]) for first in range(40) for second in range(50)]
    refused = [n for n in networks if allowed(limiter, n, times=10, per_minute=10) < 10]
    assert len(refused) < len(networks) * 0.02


def test_counters_do_not_overflow():
    assert allowed(Limiter(), times=70, weight=1000, per_minute=10**9, per_day=10**9) == 70


def test_a_new_day_has_a_new_key():
    limiter = Limiter()
    allowed(limiter)
    slots = limiter._slots(b"\x04abc")
    allowed(limiter, now=NOON + 86_400)
    assert limiter._slots(b"\x04abc") != slots
