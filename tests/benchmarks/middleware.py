"""``python -m tests.benchmarks.middleware``: what the recorders cost a request, beside other middleware.

Each stands before a view that does nothing, with a journal on the disk as in production.
"""

# ruff: noqa: PLC0415  Django has to be set up first

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import django

from .machine import described

ROUNDS, REQUESTS = 7, 5_000
MOST = 0.6  # of what Django's CommonMiddleware costs
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CLIENTS = {
    "campaign": "use",
    "pattern": r"(?P<product>acme-cli|acme-app)/(?P<version>[0-9.]+)",
}


def main() -> int:
    """Exit with 1 where all recorders cost more than a part of what CommonMiddleware does."""
    chosen = parser().parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.middleware.common import CommonMiddleware

    with product():
        costs = measured(
            chosen.rounds,
            {
                "empty": lambda: Empty,
                "CommonMiddleware": lambda: CommonMiddleware,
                "requests": lambda: recording(requests="use"),
                "clients": lambda: recording(clients=CLIENTS),
                "requests, clients": lambda: recording(requests="use", clients=CLIENTS),
            },
        )
    say(*described(Path(sys.executable)), "Microseconds of a request, the best of all rounds")
    say(f"{'':<20}{'sync':>8}{'async':>8}")
    say(*(f"{name:<20}{sync:>8.2f}{later:>8.2f}" for name, (sync, later) in costs.items()))
    ratio = costs["requests, clients"][0] / costs["CommonMiddleware"][0]
    say(f"Both in CommonMiddleware, sync: {ratio:.2f} (aim: {MOST})")
    return int(ratio > MOST)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.middleware")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return parser


class Empty:
    """A middleware that does nothing."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return self.get_response(request)


@contextmanager
def product() -> Iterator[None]:
    """A product with a campaign, whose journals are in a folder of their own."""
    from django.test import override_settings

    from metric_collection.measuring.meter import meter
    from tests.campaigns import ALWAYS, daily

    with TemporaryDirectory(prefix="middleware-") as folder:
        with override_settings(
            METRIC_COLLECTION_SEND_IN_DEVELOPMENT=True,
            METRIC_COLLECTION_STATE_FOLDER=folder,
            METRIC_COLLECTION_CAMPAIGNS={"use": daily(**ALWAYS)},
            METRIC_COLLECTION_PACKAGES=["tests"],
        ):
            yield
        meter.reset()


def recording(**recorders: Any) -> type:
    """Our middleware with these recorders on."""
    from django.conf import settings

    from metric_collection.middleware import RecorderMiddleware

    settings.METRIC_COLLECTION_RECORDERS = recorders
    return RecorderMiddleware


def measured(
    rounds: int, kinds: dict[str, Callable[[], Callable[..., Any]]]
) -> dict[str, tuple[float, float]]:
    """What each costs more than the view alone, sync and async; they take turns."""
    from django.http import HttpResponse
    from django.test import RequestFactory
    from django.urls import resolve

    request: Any = RequestFactory().get("/shop/items/1", headers={"user-agent": BROWSER})
    request.resolver_match = resolve("/shop/items/1", "tests.recorders.views")
    response = HttpResponse("Item")

    def view(_request: Any) -> HttpResponse:
        return response

    async def later(_request: Any) -> HttpResponse:
        return response

    def once(make: Callable[..., Any]) -> tuple[float, float]:
        return timed(make(view), request), asyncio.run(timed_later(make(later), request))

    found: dict[str, list[tuple[float, float]]] = {"": [], **{name: [] for name in kinds}}
    for _ in range(rounds):
        found[""].append(once(lambda get_response: get_response))
        for name, kind in kinds.items():
            found[name].append(once(kind()))
    (sync, awaited), *_ = bests = [
        tuple(map(min, zip(*each, strict=True))) for each in found.values()
    ]
    return {
        name: (best[0] - sync, best[1] - awaited)
        for name, best in zip(kinds, bests[1:], strict=True)
    }


def timed(ask: Callable[[Any], Any], request: Any) -> float:
    begun = time.perf_counter()
    for _ in range(REQUESTS):
        ask(request)
    return (time.perf_counter() - begun) / REQUESTS * 1e6


async def timed_later(ask: Callable[[Any], Any], request: Any) -> float:
    begun = time.perf_counter()
    for _ in range(REQUESTS):
        await ask(request)
    return (time.perf_counter() - begun) / REQUESTS * 1e6


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
