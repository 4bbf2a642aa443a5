"""Sightings: every web and worker process records once an hour that it runs, so that they can be counted.

Nothing is noted unless the settings name ``Processes`` and want a fact of it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.db import connections, router

from ..cleaninsights.clock import Clock, utc_now
from ..cleaninsights.forks import Forkable
from ..consent.rules import ruling
from ..models import Sighting
from ..models.transactions import ConsentHeldError, held_at_once
from ..probes import registry
from ..probes.linux.files import read
from ..probes.probe import group_of
from ..probes.processes import DAY, HOUR, Processes

logger = logging.getLogger("metric_collection.recorders.processes")

SOON: Final = 60.0  # seconds, after another transaction was in the way
BOOT_ID: Final = "proc/sys/kernel/random/boot_id"


class Lookout(Forkable):
    """Records the process that it runs in, under one key; `with_children`, forked children share the key.

    A Celery worker counts as one process, however many children run its tasks.
    """

    def __init__(
        self,
        kind: Sighting.Kind,
        *,
        with_children: bool = False,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        root: Path = Path("/"),
    ) -> None:
        self._kind = kind
        self._with_children = with_children
        self._clock = clock
        self._monotonic = monotonic
        self._root = root
        self._key = ""
        super().__init__()

    def _begin(self) -> None:
        self._due = float("-inf")
        if not (self._key and self._with_children):
            self._key = secrets.token_hex(16)

    def note_if_due(self) -> None:
        """Record the process once an hour. Call this after the response or the task.

        Django has closed the connections of the request or task by then, so a new one is closed here.
        """
        lock = self._of_this_process()
        if self._monotonic() < self._due or not lock.acquire(blocking=False):
            return
        try:
            # First of all, so that a failure is not repeated after every request.
            self._due = self._monotonic() + HOUR.total_seconds()
            # Asked here without a lock, so that processes that are not counted never take one.
            if is_wanted() and ruling().gathers:
                self._note()
                connections[router.db_for_write(Sighting)].close_if_unusable_or_obsolete()
        except ConsentHeldError:
            self._due = self._monotonic() + SOON
        except Exception as error:  # noqa: BLE001  the host must not fail because of us
            logger.debug("The process was not recorded: %s", error)
        finally:
            lock.release()

    def _note(self) -> None:
        with held_at_once() as consent:
            if ruling(consent).gathers and group_of(Processes) not in consent.declined_groups:
                now = self._clock()
                Sighting.objects.filter(seen_at__lt=now - DAY).delete()
                sighting = Sighting(
                    key=self._key,
                    kind=self._kind,
                    machine=machine(self._root),
                    begun_at=now,
                    seen_at=now,
                )
                Sighting.objects.upsert([sighting], key="key", fields=["seen_at"])


def is_wanted() -> bool:
    """Whether any fact of the Processes probe is selected."""
    is_named = any(isinstance(probe, Processes) for probe in registry.probes())
    return is_named and bool(registry.selected(Processes.facts))


def machine(root: Path) -> str:
    """Return a digest that identifies this machine until its next boot, "" if there is none."""
    boot_id = read(root, BOOT_ID)
    return hashlib.sha256(boot_id.encode()).hexdigest()[:16] if boot_id else ""


web = Lookout(Sighting.Kind.WEB)
worker = Lookout(Sighting.Kind.WORKER, with_children=True)
