"""System checks: each names a wrong setting, its value, and a valid one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from ..conf.values import safe_repr
from .conf import NAMESPACE, PREFIX, conf


def check_collector(**_: Any) -> list[CheckMessage]:
    """Check the collector's settings. Nothing here is an error: the door stays open."""
    return [*wrong_values(), *unknown_names(), *naive_times(), *missing_tokens()]


def wrong_values() -> Iterator[CheckMessage]:
    """W001 to W015: one id for each setting, as `conf` declares them."""
    for problem in conf.problems():
        setting = problem.setting
        yield checks.Warning(
            f"{setting.name} is {safe_repr(problem.value)}.",
            hint=f"Set it to {setting.expected}. Until then {setting.default!r} is used.",
            id=f"{NAMESPACE}.{setting.id}",
        )


def unknown_names() -> Iterator[CheckMessage]:
    """W021: a name with the collector's prefix that is no setting, likely a typing error."""
    known = [setting.name for setting in conf.declared()]
    for name in dir(settings):
        if name.startswith(f"{PREFIX}_") and name not in known:
            (nearest,) = get_close_matches(name, known, n=1, cutoff=0)
            yield checks.Warning(
                f"{name} is not a setting of the collector.",
                hint=f"Did you mean {nearest}?",
                id=f"{NAMESPACE}.W021",
            )


def naive_times() -> Iterator[CheckMessage]:
    """W020: moments are stored in UTC, which needs time zone support."""
    if not settings.USE_TZ:
        yield checks.Warning(
            "USE_TZ is False: the collector cannot store when a report was received.",
            hint="Set USE_TZ to True.",
            id=f"{NAMESPACE}.W020",
        )


def missing_tokens() -> Iterator[CheckMessage]:
    """W022: a token is in an environment variable that is not set."""
    for site, target in conf.FORWARD.items():
        if target.secret is None:
            yield checks.Warning(
                f"The token to forward site {site} is in the environment variable"
                f" {target.variable!r}, which is not set.",
                hint="Set it for all processes of the collector. Until then nothing is forwarded.",
                id=f"{NAMESPACE}.W022",
            )
