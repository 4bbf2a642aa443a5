"""Signal receivers for Django and Celery.

They never use the network, except for two messages to the broker that a worker is already connected to.
"""

from __future__ import annotations

import logging
import pkgutil
import sys
import time
from collections.abc import Container, Sequence
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.db import connections, router

from .consent.rules import switched_off
from .measuring.meter import meter
from .models import Snapshot
from .recorders.commands import CommandRecorder
from .recorders.errors import ErrorRecorder
from .recorders.processes import web, worker
from .recorders.recorder import harmless
from .recorders.registry import chosen, own_packages
from .recorders.tasks import BEGUN, TaskRecorder
from .reporting.collection import Collection
from .reporting.flushing import flusher
from .reporting.schedule import DELIVER, SWEEP, beat_entries, route

if TYPE_CHECKING:
    from celery import Celery

logger = logging.getLogger("metric_collection")

LEASE_EXPIRED = timedelta(minutes=1)


def on_post_migrate(*, using: str, **kwargs: Any) -> None:
    """Record an install or upgrade in the database that holds our tables; never make migrate fail."""
    if using != router.db_for_write(Snapshot):
        return
    try:
        if has_migrated_ours(using, **kwargs):
            Collection().record()
    except Exception as error:  # noqa: BLE001  the host's migrate must not fail
        logger.warning("No install or upgrade was recorded after migrate: %r", error)


def has_migrated_ours(using: str, *, plan: Any = None, **_: Any) -> bool:
    """Whether this was a migrate forwards (flush has no plan) after which all our migrations are applied.

    The later ones adopt an opt-out and a version history, which come before any report.
    """
    if plan is None or any(backwards for _migration, backwards in plan):
        return False
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415  migrate has it

    applied = MigrationRecorder(connections[using]).applied_migrations()
    return our_migrations() <= applied.keys()


def our_migrations() -> set[tuple[str, str]]:
    """Return the migrations of this app, none if the host has disabled them.

    Reading their names is a tenth of the work of Django's graph of all migrations.
    """
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415  as above

    module, _ = MigrationLoader.migrations_module("usage_metrics")
    if module is None:
        return set()
    found = pkgutil.iter_modules(import_module(module).__path__)
    return {("usage_metrics", each.name) for each in found if each.name[0] not in "_~"}


def on_import_modules(sender: Celery, **_: Any) -> None:
    """Import our tasks into a worker, independent of its app's name and autodiscovery."""
    sender.loader.import_task_module("metric_collection.tasks")


def on_beat_init(sender: Any, **_: Any) -> None:
    """Add the two entries to beat's scheduler, whichever it is; the host's own options take precedence.

    The host's configuration is not written: Celery ignores `beat_schedule` if the namespaced setting exists,
    so writing either could hide entries that the host assigns to the other one.
    """
    if off := switched_off():
        logger.debug("Nothing is scheduled: %s", off.sentence)
        return
    scheduler = sender.scheduler
    is_database = any("django_celery_beat" in cls.__module__ for cls in type(scheduler).__mro__)
    entries = beat_entries(expires="expire_seconds" if is_database else "expires")
    for name, entry in entries.items():
        theirs = sender.app.conf.beat_schedule.get(name, {})
        options = {**entry["options"], **theirs.get("options", {})}
        entry.update({**theirs, "options": options})
    scheduler.update_from_dict(entries)


def on_worker_ready(sender: Any, **_: Any) -> None:
    """Have the worker deliver at once, and again when the lease of a killed worker has expired."""
    if off := switched_off():
        logger.debug("No delivery is asked for: %s", off.sentence)
        return
    try:
        for delay in (timedelta(0), LEASE_EXPIRED):
            sender.app.send_task(
                DELIVER, countdown=delay.seconds, expires=SWEEP.seconds, retry=False, **route()
            )
    except Exception as error:  # noqa: BLE001  a broker that is gone again, a queue that Celery refuses
        logger.warning("Could not ask a worker to deliver; Celery beat does so later: %r", error)


def on_request_finished(**_: Any) -> None:
    """Flush measurements, after the response was sent."""
    flusher.flush_if_due()


@harmless
def on_request_exception(**_: Any) -> None:
    """Record an error that no view caught; Django sends this while handling it."""
    record_error(sys.exc_info()[1])


@harmless
def on_task_prerun(task: Any = None, **_: Any) -> None:
    """Store when a task starts."""
    setattr(task.request, BEGUN, time.perf_counter())


@harmless
def on_task_failure(exception: BaseException | None = None, **_: Any) -> None:
    """Record an error that no task caught."""
    record_error(exception)


def on_task_postrun(task: Any = None, state: str | None = None, **_: Any) -> None:
    """Record a task and flush measurements, unless it runs eagerly as a part of something else."""
    record_task(task, state)
    if not task.request.is_eager:
        flusher.flush_if_due()


def on_worker_shutdown(**_: Any) -> None:
    """Flush at the end of a worker or of one of its children, which end without running atexit."""
    flusher.flush_at_exit()


def note_web_process(**_: Any) -> None:
    """Record that this process answers requests, after the response was sent."""
    web.note_if_due()


def note_worker(task: Any = None, **_: Any) -> None:
    """Record that this worker runs, after a task; an eager task needs no worker."""
    if not task.request.is_eager:
        worker.note_if_due()


@harmless
def on_command(argv: Sequence[str], error: BaseException | None, reached: Container[str]) -> None:
    """Record a management command that has ended and its error, having connected to the databases `reached`.

    The count is flushed at once if our database is among them: the command may run in a container or
    with a private /tmp, whose journals are gone with it. A command that needs no database must not
    wait for one.
    """
    recorder = chosen(CommandRecorder)
    if recorder is not None:
        recorder.record(argv, error, own_packages())
    if isinstance(error, Exception):
        record_error(error)
    if meter.has_counts and router.db_for_write(Snapshot) in reached:
        flusher.flush()


def record_error(error: BaseException | None) -> None:
    """Record an error, if the recorder is on."""
    recorder = chosen(ErrorRecorder)
    if recorder is not None and error is not None:
        recorder.record(error, own_packages())


@harmless
def record_task(task: Any, state: str | None) -> None:
    """Record a finished task, if the recorder is on."""
    recorder = chosen(TaskRecorder)
    if recorder is not None:
        recorder.record(task, state, time.perf_counter(), own_packages())
