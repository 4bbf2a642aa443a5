"""The checks of recorders: none is left on that cannot record anything."""

from __future__ import annotations

import sys
from collections.abc import Container, Iterator, Sequence

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from ..campaigns import campaigns
from ..conf.settings import NAMESPACE, PREFIX, Settings, conf
from .commands import CommandRecorder, module_of
from .recorder import Recorder
from .registry import declaration

MIDDLEWARE = "metric_collection.middleware.RecorderMiddleware"
MANAGEMENT = "metric_collection.management"


def check_recorders() -> Iterator[CheckMessage]:
    """Check each recorder, and what all of them need."""
    yield from refused_recorders()
    recorders = list(declaration().recorders.values())
    for recorder in recorders:
        yield from doubtful_campaign(recorder)
    needing = [recorder.name for recorder in recorders if recorder.sees_requests]
    yield from middleware(needing)
    yield from packages([recorder.name for recorder in recorders if recorder.is_own])
    if any(isinstance(recorder, CommandRecorder) for recorder in recorders):
        yield from unseen_command()


def refused_recorders() -> Iterator[CheckMessage]:
    """W128: a recorder that cannot be run; the others can."""
    for error in declaration().refused:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS: {error}.",
            hint="Mend this recorder. Until then it records nothing.",
            id=f"{NAMESPACE}.{Settings.RECORDERS.id}",
        )


def doubtful_campaign(recorder: Recorder) -> Iterator[CheckMessage]:
    """W011 and W012: a campaign that there is none of, or one that would keep one duration of all."""
    declared = campaigns().get(recorder.campaign)
    if declared is None:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS lets {recorder.name!r} count for {recorder.campaign!r}, which is"
            " no campaign.",
            hint=f"Name one of {PREFIX}_CAMPAIGNS: {', '.join(campaigns()) or 'there is none'}.",
            id=f"{NAMESPACE}.W011",
        )
    elif recorder.is_timed and declared.campaign.only_record_once:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS lets {recorder.name!r} count for {recorder.campaign!r}, which has"
            " onlyRecordOnce: of all durations in a period the first is kept.",
            hint="Let it count for a campaign without onlyRecordOnce.",
            id=f"{NAMESPACE}.W012",
        )


def middleware(needing: list[str]) -> Iterator[CheckMessage]:
    """W013 and W014: the middleware is missing, or has nothing to do."""
    is_there = MIDDLEWARE in settings.MIDDLEWARE
    if needing and not is_there:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS has {' and '.join(needing)}, but no request is seen.",
            hint=f"Put {MIDDLEWARE!r} into MIDDLEWARE, as its first entry.",
            id=f"{NAMESPACE}.W013",
        )
    if is_there and not needing:
        yield checks.Warning(
            f"MIDDLEWARE has {MIDDLEWARE!r}, but no recorder needs it.",
            hint=f"Add 'requests' or 'clients' to {PREFIX}_RECORDERS, or remove the entry.",
            id=f"{NAMESPACE}.W014",
        )


def packages(needing: list[str]) -> Iterator[CheckMessage]:
    """W015: nobody has said whose names may be told."""
    if needing and not conf.PACKAGES:
        yield checks.Warning(
            f"{PREFIX}_PACKAGES is {conf.PACKAGES!r}: {', '.join(needing)} can name nothing of yours.",
            hint="List the packages that are yours, such as ['acme'].",
            id=f"{NAMESPACE}.W015",
        )


def unseen_command(
    argv: Sequence[str] = sys.argv, modules: Container[str] = sys.modules
) -> Iterator[CheckMessage]:
    """W016: the command that this process runs was started without us, as all are then."""
    if len(argv) > 1 and module_of(argv[1]) and MANAGEMENT not in modules:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS has commands, but no command is seen.",
            hint=f"In manage.py, import execute_from_command_line from {MANAGEMENT}.",
            id=f"{NAMESPACE}.W016",
        )
