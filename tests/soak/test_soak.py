"""A small fleet for a few days; ``python -m tests.soak`` is the thousand and the month."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest

from metric_collection.models import Report

from .receiving import Fleet as Reporting
from .receiving import harmed
from .verdict import dispersion, is_regular, peak

ROOT = Path(__file__).parents[2]
NOON = datetime(2027, 3, 1, 12, tzinfo=timezone.utc)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RUSH_HOURS_BY_CHANCE = ("--peak", "24")  # of a small fleet


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.soak", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    ("installations", "days"), [("8", "2"), pytest.param("50", "5", marks=pytest.mark.thorough)]
)
def test_each_report_of_a_fleet_arrives_once_by_its_key_whatever_fails(installations, days):
    fleet = ("--installations", installations, "--days", days, *RUSH_HOURS_BY_CHANCE)
    ended = soak(*fleet)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "altered: 0; lost: 0;" in ended.stdout


def life(*hours: float) -> list[Report]:
    """An Install at noon, and heartbeats so many hours later."""
    beats = [Report(category="Heartbeat", sealed_at=NOON + HOUR * hour) for hour in hours]
    return [Report(category="Install", sealed_at=NOON), *beats]


@pytest.mark.parametrize(
    ("hours", "regular"),
    [
        ((5, 29, 53), True),
        ((5, 29), False),
        ((5, 28.9, 53), False),
        ((5, 53), False),
        ((25, 49), False),
        ((), False),
    ],
    ids=["regular", "ended", "early", "left out", "late", "none"],
)
def test_a_heartbeat_that_is_missing_early_or_late_is_noticed(hours, regular):
    assert is_regular(life(*hours), until=NOON + HOUR * 72) is regular


def test_a_second_install_is_noticed():
    assert not is_regular([*life(), *life(5, 29, 53)], until=NOON + HOUR * 72)


def test_an_hour_with_twice_as_much_is_a_peak():
    moments = [HOUR * hour for hour in range(24) for _ in range(2 if hour == 7 else 1)]
    assert peak(moments) == pytest.approx(2 / (25 / 24))


def test_a_fleet_in_step_is_told_from_chance():
    in_step = [MINUTE * 10 * number for number in range(100) for _ in range(7)]
    spread = [MINUTE * 10 * number / 7 for number in range(700)]
    assert dispersion(spread) < 1 < 5 < dispersion(in_step)


@pytest.mark.thorough
def test_a_collector_counts_each_report_of_a_fleet_once_and_publishes_no_forged_number():
    small = ("collector", "--installations", "60", "--days", "45", "--flood", "4")
    ended = soak(*small)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "still queued: 0" in ended.stdout
    assert "published wrong and unmarked: none" in ended.stdout


@pytest.mark.parametrize(
    ("installations", "unusual", "text", "expected"),
    [
        (100, None, "Debian", []),
        (110, None, "Debian", ["day 2027-03-01 (110 of 100)"]),
        (110, "3.1 times the usual number", "Debian", []),
        (100, None, "forged", ["day 2027-03-01 (forged text)"]),
    ],
)
def test_a_forged_number_or_text_in_a_publication_is_noticed(
    installations, unusual, text, expected
):
    fleet = Reporting(random.Random(1), active=Counter({("day", date(2027, 3, 1)): 100}))
    content = {"span": "day", "first": "2027-03-01", "installations": installations}
    body = json.dumps({**content, "unusual": unusual, "facts": {"os_version": {text: 20}}})
    assert list(harmed(fleet, [SimpleNamespace(body=body)])) == expected
