"""System checks: each wrong setting is named with its value and what to write instead; the host goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from .campaigns import campaigns, declaration
from .conf.settings import NAMESPACE, PREFIX, Settings, conf
from .conf.values import safe_repr, safe_str
from .consent.rules import silenced, switched_off
from .models import Consent
from .probes import registry
from .probes.probe import Probe, is_worded, missing_words, name_of
from .probes.values.references import follow
from .recorders.checks import check_recorders
from .reporting.flushing import state_folder

PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check everything a publisher can write; say nothing where the app is switched off."""
    if switched_off() is not None:
        return []
    return [
        *wrong_values(),
        *doubtful_values(),
        *wrong_probes(),
        *wordless_probes(),
        *doubtful_paths(),
        *idle_patterns(),
        *unknown_names(),
        *missing_apps(),
        *missing_page(),
        *refused_campaigns(),
        *silent_campaigns(),
        *unusable_folder(),
        *check_recorders(),
    ]


def wrong_values() -> Iterator[CheckMessage]:
    """W101 and on: one id for each setting, as `conf` declares them."""
    for problem in conf.problems():
        setting = problem.setting
        detail = f" ({problem.detail})" if problem.detail else ""
        found = safe_repr(problem.value) if hasattr(settings, setting.name) else "missing"
        yield checks.Warning(
            f"{setting.name} is {found}{detail}.",
            hint=f"Set it to {setting.expected}. Until then no metrics are collected.",
            id=f"{NAMESPACE}.{setting.id}",
        )


def doubtful_values() -> Iterator[CheckMessage]:
    """W001 and W002: valid values that were hardly meant."""
    if not conf.MODULES:
        yield checks.Warning(
            f"{PREFIX}_MODULES is {conf.MODULES!r}: no module will be reported.",
            hint="List the distributions that are yours to report, such as ['acme-*'].",
            id=f"{NAMESPACE}.W001",
        )
    url = urlsplit(conf.COLLECTOR_URL or "")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield checks.Warning(
            f"{PREFIX}_COLLECTOR_URL is {conf.COLLECTOR_URL!r}: reports travel unencrypted.",
            hint="Use https; plain http is for a collector on this machine.",
            id=f"{NAMESPACE}.W002",
        )


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def wrong_probes() -> Iterator[CheckMessage]:
    """W017: a probe that cannot be had; it alone stays out, the rest goes on."""
    for path, options in conf.PROBES:
        try:
            registry.load(path, options)
        except Exception as error:  # noqa: BLE001  loading runs the publisher's code
            yield checks.Warning(
                f"{PREFIX}_PROBES names {path!r}, which cannot be loaded: {safe_str(error)}.",
                hint="Write the dotted path of a probe. Until then its facts are not sent.",
                id=f"{NAMESPACE}.W017",
            )


def wordless_probes() -> Iterator[CheckMessage]:
    """W018: a probe that does not say what it reports and why, which the operator is to read."""
    for probe in registry.probes():
        for problem in wording_problems(probe):
            yield checks.Warning(
                f"The probe {name_of(probe)} {problem}.",
                hint="Say it in plain words: operators read them before anything is sent.",
                id=f"{NAMESPACE}.W018",
            )


def wording_problems(probe: Probe) -> list[str]:
    """Say what is missing in a probe's declaration."""
    try:
        return [f"has no {what}" for what in missing_words(probe)]
    except Exception as error:  # noqa: BLE001  declaring runs the publisher's code
        return [f"cannot declare its facts: {safe_repr(error)}"]


def doubtful_paths() -> Iterator[CheckMessage]:
    """W006: a dotted path that cannot be imported."""
    stated = {
        f"FACTS[{name!r}]": entry.get("value") if is_worded(entry) else entry
        for name, entry in conf.FACTS.items()
    }
    versions = {
        "PRODUCT_VERSION": conf.PRODUCT_VERSION,
        "INSTALLATION_METHOD": conf.INSTALLATION_METHOD,
    }
    for name, value in {**versions, **stated}.items():
        if isinstance(value, str) and PATH.fullmatch(value) and leads_nowhere(value):
            yield checks.Warning(
                f"{PREFIX}_{name} is {value!r}, which cannot be imported.",
                hint="Correct the dotted path. Until then this fact is not sent.",
                id=f"{NAMESPACE}.W006",
            )


def leads_nowhere(path: str) -> bool:
    """Whether a dotted path cannot be followed to anything."""
    try:
        return follow(path) == path
    except Exception:  # noqa: BLE001  importing runs the publisher's code
        return True


def idle_patterns() -> Iterator[CheckMessage]:
    """W007: a selection of facts that there are none of."""
    names = [fact.name for _probe, fact in registry.declared()]
    for pattern in conf.SELECTION if conf.CATEGORIES else ():
        if not any(fnmatchcase(name, pattern) for name in names):
            yield checks.Warning(
                f"{PREFIX}_SELECTION names {pattern!r}, and no fact has such a name.",
                hint="See manage.py metric_collection dictionary for the names of all facts.",
                id=f"{NAMESPACE}.W007",
            )


def unknown_names() -> Iterator[CheckMessage]:
    """W004: a name that begins like ours and is none of ours, likely a typing error."""
    known = [setting.name for setting in conf.declared()]
    for name in dir(settings):
        if name.startswith(f"{PREFIX}_") and name not in known:
            nearest = get_close_matches(name, known, n=1, cutoff=0)
            yield checks.Warning(
                f"{name} is not a setting of metric_collection.",
                hint=f"Did you mean {nearest[0]}?",
                id=f"{NAMESPACE}.W004",
            )


def missing_apps() -> Iterator[CheckMessage]:
    """W005: the admin is there, but nothing can carry the notice to its index."""
    if apps.is_installed("django.contrib.admin") and not apps.is_installed(
        "django.contrib.messages"
    ):
        yield checks.Warning(
            "django.contrib.messages is not installed: the admin index cannot show the notice.",
            hint="Add it to INSTALLED_APPS, or point superusers to the System information page.",
            id=f"{NAMESPACE}.W005",
        )


def missing_page() -> Iterator[CheckMessage]:
    """W010: the admin is there, but no site has the page with the switch."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415  needs the admin installed

    if not any(site.is_registered(Consent) for site in all_sites):
        yield checks.Warning(
            "No AdminSite has the System information page: operators cannot see it, nor its switch.",
            hint="Register it: my_site.register(metric_collection.models.Consent, SystemInfoAdmin).",
            id=f"{NAMESPACE}.W010",
        )


def refused_campaigns() -> Iterator[CheckMessage]:
    """W112: a campaign that cannot be run; the others can."""
    for error in declaration().refused:
        yield checks.Warning(
            f"{PREFIX}_CAMPAIGNS: {error}.",
            hint="Mend this campaign. Until then nothing is measured for it.",
            id=f"{NAMESPACE}.{Settings.CAMPAIGNS.id}",
        )


def silent_campaigns() -> Iterator[CheckMessage]:
    """W008: a campaign that tells the operator nothing about itself."""
    for campaign_id, declared in campaigns().items():
        if not declared.purpose or declared.title == campaign_id:
            yield checks.Warning(
                f"The campaign {campaign_id!r} has no title or no purpose.",
                hint="Say in both what is measured, and why: operators decide by them.",
                id=f"{NAMESPACE}.W008",
            )


def unusable_folder() -> Iterator[CheckMessage]:
    """W009: measurements cannot be kept on the disk until the database takes them."""
    problem = state_folder().problem() if campaigns() and silenced() is None else None
    if problem is not None:
        yield checks.Warning(
            f"Measurements are kept in memory until they are counted: {problem}.",
            hint=f"Let {PREFIX}_STATE_FOLDER name a folder that this user can write to. Until then"
            " a process that is killed takes up to one flush interval of counts with it.",
            id=f"{NAMESPACE}.W009",
        )
