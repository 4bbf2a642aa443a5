"""System checks: recorders that are on but cannot record anything."""

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
    """Check each recorder, and their common requirements."""
    found = declaration()
    for error in found.refused:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS: {error}.",
            hint="Fix this recorder. Until then it records nothing.",
            id=f"{NAMESPACE}.{Settings.RECORDERS.id}",
        )
    recorders = list(found.recorders.values())
    for recorder in recorders:
        yield from doubtful_campaign(recorder)
    needing = [recorder.name for recorder in recorders if recorder.sees_requests]
    yield from middleware(needing)
    own = [recorder.name for recorder in recorders if recorder.is_own]
    if own and not conf.PACKAGES:
        yield checks.Warning(
            f"{PREFIX}_PACKAGES is {conf.PACKAGES!r}: {', '.join(own)} will record nothing.",
            hint="List your packages, such as ['acme'].",
            id=f"{NAMESPACE}.W015",
        )
    if any(isinstance(recorder, CommandRecorder) for recorder in recorders):
        yield from unseen_command()


def doubtful_campaign(recorder: Recorder) -> Iterator[CheckMessage]:
    """W011 and W012: an undefined campaign, or one that would keep a single duration."""
    declared = campaigns().get(recorder.campaign)
    if declared is None:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS[{recorder.name!r}] names the campaign {recorder.campaign!r}, which is"
            " not defined.",
            hint=f"Use one of {PREFIX}_CAMPAIGNS: {', '.join(campaigns()) or 'none is defined'}.",
            id=f"{NAMESPACE}.W011",
        )
    elif recorder.is_timed and declared.campaign.only_record_once:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS[{recorder.name!r}] names the campaign {recorder.campaign!r}, which has"
            " onlyRecordOnce: only the first duration in a period is kept.",
            hint="Use a campaign without onlyRecordOnce.",
            id=f"{NAMESPACE}.W012",
        )


def middleware(needing: list[str]) -> Iterator[CheckMessage]:
    """W013 and W014: the middleware is missing, or not needed."""
    is_there = MIDDLEWARE in settings.MIDDLEWARE
    if needing and not is_there:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS has {' and '.join(needing)}, but the middleware is missing.",
            hint=f"Add {MIDDLEWARE!r} as the first entry of MIDDLEWARE.",
            id=f"{NAMESPACE}.W013",
        )
    if is_there and not needing:
        yield checks.Warning(
            f"MIDDLEWARE has {MIDDLEWARE!r}, but no recorder needs it.",
            hint=f"Add 'requests' or 'clients' to {PREFIX}_RECORDERS, or remove the entry.",
            id=f"{NAMESPACE}.W014",
        )


def unseen_command(
    argv: Sequence[str] = sys.argv, modules: Container[str] = sys.modules
) -> Iterator[CheckMessage]:
    """W016: manage.py uses Django's execute_from_command_line, so no command is recorded."""
    if len(argv) > 1 and module_of(argv[1]) and MANAGEMENT not in modules:
        yield checks.Warning(
            f"{PREFIX}_RECORDERS has commands, but manage.py does not let them be recorded.",
            hint=f"In manage.py, import execute_from_command_line from {MANAGEMENT}.",
            id=f"{NAMESPACE}.W016",
        )
