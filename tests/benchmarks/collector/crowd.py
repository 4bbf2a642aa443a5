"""Many processes that send and count, and are killed: is every report counted exactly once?"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable

from django.db import connection

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.counting import rollup
from metric_collection.collector.models import Arrival, Period, digest

from .reports import reports as bodies_of

SENDERS, RUNNERS, REPEATS = 18, 2, 0.1
fork = multiprocessing.get_context("fork")


def crowd(reports: int, kills: int) -> dict[str, float]:
    """Return by how many the count differs from the reports sent."""
    now = utc_now()
    bodies = list(bodies_of(500, at=now))

    def send(number: int) -> None:
        chance = random.Random(number)
        mine = range(number, reports, SENDERS)
        for first in range(0, len(mine), 200):
            Arrival.objects.bulk_create(
                Arrival(site_id=5, key=digest(index), received_at=now, body=bodies[index % 500])
                for index in mine[first : first + 200]
                for _ in range(1 + (chance.random() < REPEATS))
            )

    def count(_number: int) -> None:
        while True:
            rollup.roll_up(utc_now)
            time.sleep(0.01)

    connection.close()
    chance = random.Random(1)
    senders = [start(send, number) for number in range(SENDERS)]
    runners = [start(count, number) for number in range(RUNNERS)]
    for kill in range(kills):
        time.sleep(chance.random() * max(0.2, reports / 100_000))
        victim = kill % RUNNERS
        os.kill(runners[victim].pid or 0, signal.SIGKILL)
        runners[victim].join()
        runners[victim] = start(count, kill)
    for sender in senders:
        sender.join()
    for runner in runners:
        runner.kill()
        runner.join()
    while Arrival.objects.exists():
        rollup.roll_up(utc_now)
    counted = sum(Period.objects.filter(span="D").values_list("heartbeats", flat=True))
    return {"wrong": abs(counted - reports)}


def start(target: Callable[[int], None], number: int) -> multiprocessing.process.BaseProcess:
    process = fork.Process(target=target, args=[number])
    process.start()
    return process
