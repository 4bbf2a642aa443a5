"""``prove-off``: run a whole cycle and record everything that it does."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .models import Report
from .models.transactions import atomic
from .probes import registry
from .probes.registry import Gathered
from .reporting.collection import Collection
from .reporting.delivery import Delivery


def run_cycle() -> Testimony:
    """Record, seal and deliver with every socket refused, roll it back, and return everything seen."""
    with atomic(), witnessing() as seen:
        Collection().record()
        Collection().heartbeat()
        Collection().seal()
        Delivery(hurried=True, in_transaction=True).deliver()
        transaction.set_rollback(True, using=router.db_for_write(Report))
    return seen


# The verb and the table, in the dialects of all databases of Django.
WRITE: Final = re.compile(
    r"\s*(INSERT|REPLACE|MERGE|UPDATE|DELETE|TRUNCATE)\b(?:\s+(?:OR\s+\w+|IGNORE|INTO|FROM|TABLE)\b)*"
    r"\s+[\"`]?(\w+)",
    re.IGNORECASE,
)
METHODS: Final = ("connect", "connect_ex", "sendto")  # of a socket
# A look-up sends the name to a name server, so it also leaves the machine.
LOOKUPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A statement that changes rows, without its values."""

    verb: str
    table: str

    def __str__(self) -> str:
        return f"{self.verb} {self.table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """Everything that was seen, in order: names of facts, statements, addresses of connections."""

    gathered: list[str] = field(default_factory=list)
    written: list[Write] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen."""
        return not (self.gathered or self.written or self.tried)


@contextmanager
def witnessing(refuses: Callable[[], bool] = lambda: True) -> Iterator[Testimony]:
    """Record everything that the block does; connections that `refuses` returns True for fail and are recorded."""
    seen, ask = Testimony(), registry.gather

    def gather(**options: Any) -> Gathered:
        found = ask(**options)
        seen.gathered.extend(found.facts)
        return found

    with (
        replaced(registry, "gather", gather),
        seeing_writes(seen.written),
        refusing(seen.tried, refuses),
    ):
        yield seen


@contextmanager
def seeing_writes(written: list[Write]) -> Iterator[None]:
    """Record each statement that changes rows, on every connection of this and of new threads."""

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if found := WRITE.match(str(sql)):
            written.append(Write(verb=found[1].upper(), table=found[2]))
        return execute(sql, *arguments)

    def watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
        if note not in connection.execute_wrappers:
            stack.enter_context(connection.execute_wrapper(note))

    with ExitStack() as stack:
        for connection in connections.all():
            watch(connection)
        connection_created.connect(watch)
        stack.callback(connection_created.disconnect, watch)
        yield


@contextmanager
def refusing(tried: list[str], refuses: Callable[[], bool]) -> Iterator[None]:
    """Refuse connections and look-ups like a machine without a network, and record their addresses."""

    # `place` is the first argument after self.
    def guarded(name: str, call: Callable[..., Any], place: int) -> Callable[..., Any]:
        def attempt(*arguments: Any, **options: Any) -> Any:
            if not refuses():
                return call(*arguments, **options)
            tried.append(f"{name} {shown(arguments[place:])}")
            raise ConnectionRefusedError(errno.ECONNREFUSED, "no socket may connect here")

        return attempt

    with ExitStack() as stack:
        for name in METHODS:
            method = guarded(name, getattr(socket.socket, name), 1)
            stack.enter_context(replaced(socket.socket, name, method))
        for name in LOOKUPS:
            function = guarded(name, getattr(socket, name), 0)
            stack.enter_context(replaced(socket, name, function))
        yield


def shown(arguments: tuple[Any, ...]) -> str:
    """Return the host and port, or the path, of a call; never its data."""
    address = next((each for each in arguments if isinstance(each, tuple)), arguments[:2])
    return ":".join(str(part) for part in address[:2] if not isinstance(part, bytes))


@contextmanager
def replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """Replace an attribute, which may be inherited, while the block runs."""
    own = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)
