"""What an app adds to the start of every process of its host."""

from collections.abc import Iterator

from ..bench import Bench
from ..hosts import Host
from ..rows import Row, middle, part_of_peer, row

SUBJECT = "Start-up: added to django.setup(), CPU ms"
HOSTS = {"a process that uses no Celery": False, "a process with a Celery app": True}


def measure(bench: Bench) -> Iterator[Row]:
    """The peer comes with the admin theme that it needs."""
    for what, celery in HOSTS.items():
        yield row(SUBJECT, what, added(bench, celery=celery), middle, part_of_peer(5))


def added(bench: Bench, *, celery: bool) -> dict[str, list[float]]:
    """Start hosts of one kind."""
    return bench.added(lambda side: bench.gauge(Host(side=side, celery=celery), "startup")["cpu"])
