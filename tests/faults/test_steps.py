"""A fault at every step of a delivery, and of a whole sweep: nothing is lost, nothing leaves after a no."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.collector import Arrival

from .steps import HELD_UP

WORKS = ["delivery", "sweep"]
pytestmark = pytest.mark.thorough
EXPECTED = {"delivery": ["Install", "Heartbeat"], "sweep": ["Heartbeat", "Usage"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One ordeal: the step, when the fault was over, the reports as they are in the end, what arrived."""

    step: str
    ended: float
    reports: list[dict[str, Any]]
    arrivals: list[Arrival]

    @property
    def late(self) -> list[Arrival]:
        """What arrived when the fault was over."""
        return [arrival for arrival in self.arrivals if arrival.at > self.ended]

    @property
    def bodies(self) -> Counter[tuple[str, str]]:
        return Counter((arrival.key, arrival.body.decode()) for arrival in self.arrivals)


@pytest.fixture
def go_through(host, database, collector):
    """go_through(work, fault) -> a round for each step of the work."""

    def go_through(work: str, fault: str) -> list[Round]:
        if (work, database) == ("sweep", "MariaDB"):
            pytest.skip(
                "it takes minutes on MariaDB: set TEST_POSTGRES_URL to see a sweep on a server"
            )
        collector.arrivals.clear()
        ended = host.module("tests.faults.ordeal", work, fault)
        assert ended.returncode == 0, ended.stderr
        rounds = []
        for found in json.loads(ended.stdout.splitlines()[-1]):
            keys = {report["key"] for report in found["reports"]}
            arrivals = [arrival for arrival in collector.arrivals if arrival.key in keys]
            rounds.append(Round(arrivals=arrivals, **found))
        assert sum(len(one.arrivals) for one in rounds) <= len(collector.arrivals)
        return rounds

    return go_through


@pytest.mark.parametrize("work", WORKS)
def test_a_worker_killed_at_any_step_loses_nothing_and_repeats_the_same_bytes(go_through, work):
    rounds = go_through(work, "kill")
    assert_all_arrived(rounds, EXPECTED[work])
    repeated = [one.step for one in rounds if len(one.arrivals) > len(one.reports)]
    assert "after sendall" in repeated
    assert "before connect" not in repeated


def assert_all_arrived(rounds: list[Round], expected: list[str]) -> None:
    """Each report is in the record and has arrived once by its key, at most twice as a request."""
    for one in rounds:
        assert [report["category"] for report in one.reports] == expected, one.step
        assert {report["state"] for report in one.reports} == {"delivered"}, one.step
        assert set(one.bodies) == {(report["key"], report["body"]) for report in one.reports}
        assert len(one.arrivals) <= len(one.reports) + 1, one.step


@pytest.mark.parametrize("work", WORKS)
def test_a_database_that_ends_its_sessions_at_any_step_loses_nothing(go_through, work, database):
    if database == "SQLite":
        pytest.skip("SQLite has no sessions that somebody else could end")
    assert_all_arrived(go_through(work, "cut-off"), EXPECTED[work])


@pytest.mark.parametrize("work", WORKS)
def test_nothing_is_sent_after_an_opt_out_at_any_step_except_a_request_in_progress(
    go_through, work
):
    rounds = go_through(work, "opt-out")
    steps = [one.step for one in rounds]
    for number, one in enumerate(rounds):
        recorded = [(report["key"], report["state"]) for report in one.reports]
        assert recorded == [(arrival.key, "delivered") for arrival in one.arrivals], one.step
        assert len(one.late) <= is_on_its_way(steps, number), (number, one.step)


def is_on_its_way(steps: list[str], number: int) -> bool:
    """Whether consent has been asked for the last time at this step, and no answer has come yet.

    A switch that was held up may have been thrown at any later one.
    """
    connects = any(step.startswith("before connect") for step in steps[number : number + 2])
    return (
        connects or HELD_UP in steps[number] or not steps[number].endswith(("statement", "commit"))
    )
