"""The list of the enabled modules, made for the first time in a process."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

from importlib.metadata import distributions

import django
from django.conf import settings

from .stopwatch import timed


def measure() -> dict[str, object]:
    django.setup()
    listing = LISTINGS[settings.HOST["side"]]()
    found: dict[str, str] = {}
    return {
        **timed(lambda: found.update(listing())),
        "modules": found,
        "installed": len({distribution.name for distribution in distributions()}),
    }


def ours():
    from metric_collection.probes.modules import Modules

    return Modules().gather


def peer():
    from openwisp_utils.admin_theme.system_info import get_enabled_openwisp_modules

    return get_enabled_openwisp_modules


LISTINGS = {"ours": ours, "peer": peer}
