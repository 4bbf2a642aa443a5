"""What an app adds to the start of every process of its host."""

from collections.abc import Iterator
from functools import partial

from ..bench import Bench, added
from ..hosts import ALL, Host
from ..rows import Row, middle, part_of_peer, row

SUBJECT = "Start-up: added, CPU ms"
HOSTS = {"no Celery": False, "with a Celery app": True}


def measure(bench: Bench) -> Iterator[Row]:
    """The peer comes with the admin theme that it needs."""
    for what, celery in HOSTS.items():
        found = bench.alternate(partial(started, bench, celery=celery), ALL)
        setup, ready = added(found, "setup"), added(found, "ready")
        yield row(SUBJECT, f"django.setup(), {what}", setup, middle, part_of_peer(5))
        yield row(SUBJECT, "  and the URLs, for the first request", ready, middle)


def started(bench: Bench, side: str, *, celery: bool) -> dict[str, float]:
    """Start a host up to its readiness for requests."""
    return bench.gauge(Host(side=side, celery=celery), "startup")
