"""The first migrate of a product, while its message broker answers, refuses or swallows."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from ..bench import Bench
from ..children import Ended
from ..hosts import Host
from ..loopback import HERE, refusing, swallowing
from ..rows import Aim, Figure, Row, at_most, middle, row

SUBJECT = "The first migrate"
UP = "broker answers"
AMQP = f"amqp://guest:guest@{HERE}:{{}}//"
REDIS = f"redis://{HERE}:{{}}/0"  # what the peer's makers use
BROKERS: dict[str, tuple[str, Callable[[], AbstractContextManager[int | None]]]] = {
    UP: ("memory://", nullcontext),
    "RabbitMQ refuses": (AMQP, refusing),
    "RabbitMQ swallows": (AMQP, swallowing),
    "Redis refuses": (REDIS, refusing),
    "Redis swallows": (REDIS, swallowing),
}
SAME = 1.25  # times as long is still the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """How a migrate ended, and how many permissions there are after it."""

    ended: Ended
    permissions: int


def measure(bench: Bench) -> Iterator[Row]:
    """Ours meets the brokers in turn; the peer each once, as it may take as long as the cap."""
    ours = bench.alternate(lambda broker: migrated(bench, "ours", broker), tuple(BROKERS))
    peer = {broker: [migrated(bench, "peer", broker)] for broker in BROKERS}
    same = Aim(words="the same", holds=at_most(SAME * seconds(ours[UP]).number).holds)
    for broker in BROKERS:
        found = {"ours": ours[broker], "peer": peer[broker]}
        yield row(SUBJECT, f"{broker}, s", found, seconds, same)
        yield row(SUBJECT, "  runs that failed", found, failures, at_most(0))
        absent = {"ours": missing(ours, broker), "peer": missing(peer, broker)}
        yield row(SUBJECT, "  permissions missing", absent, middle, at_most(0))


def migrated(bench: Bench, side: str, broker: str) -> Migrated:
    """Migrate an empty database; what else wants the disk at that moment must not count."""
    url, open_port = BROKERS[broker]
    with open_port() as port:
        broker_url = url.format(port)
        host = Host(side=side, database=bench.empty(), durable=False, broker=broker_url)
        ended = bench.launch(host, "-m", "django", "migrate", "--verbosity=0", cap=bench.cap)
    return Migrated(ended=ended, permissions=permissions(host.database))


def permissions(database: str) -> int:
    """How many there are; Django makes them after each app's migrations, in post_migrate."""
    with closing(sqlite3.connect(database)) as connection:
        found: int = connection.execute("SELECT count(*) FROM auth_permission").fetchone()[0]
    return found


def seconds(found: list[Migrated]) -> Figure:
    cut = any(one.ended.code is None for one in found)
    return Figure(number=middle(one.ended.seconds for one in found).number, cut=cut)


def failures(found: list[Migrated]) -> Figure:
    """How many ended with an exit code other than 0; one that was cut off never came to that."""
    return Figure(number=sum(one.ended.code not in {0, None} for one in found))


def missing(found: dict[str, list[Migrated]], broker: str) -> list[float]:
    """What is not there of the permissions that there are when the broker answers."""
    usual = max(one.permissions for one in found[UP])
    return [usual - one.permissions for one in found[broker]]
