"""System checks, all of them warnings: a wrong setting must not stop an operator's migrate, test or runserver."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import DatabaseError, router
from django.urls import get_resolver
from django.utils.functional import Promise

from .campaigns import campaigns, declaration
from .cleaninsights.clock import utc_now
from .conf.settings import NAMESPACE, PREFIX, Settings, conf
from .conf.values import safe_repr, safe_str
from .consent.rules import silenced, switched_off
from .models import Consent, Report
from .models.transactions import atomic
from .probes import registry
from .probes.counts import Counts
from .probes.facts import Facts
from .probes.modules import Modules, is_match
from .probes.probe import missing_words, name_of
from .probes.values.interrupting import without_exit
from .probes.values.references import follow
from .recorders.checks import check_recorders
from .reporting.flushing import state_folder
from .reporting.state import Situation, delivery_state

OTHER_APPS: Final = ("METRIC_COLLECTION_COLLECTOR_",)  # prefixes that begin with ours
SHORTEST_HOST_NAME: Final = 4  # characters; a shorter one is part of too many words
IDENTIFYING = re.compile(
    r"[^\s@]+@[^\s@]+\.\w|(^|\s)(~?/|[A-Za-z]:\\)\S"
)  # an e-mail address, a path


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check everything that a publisher can declare; nothing while metrics are switched off."""
    if switched_off() is not None:
        return []
    return [
        *invalid_values(),
        *default_product(),
        *plain_http(),
        *invalid_probes(),
        *undescribed_facts(),
        *unknown_words(),
        *broken_paths(),
        *identifying_facts(),
        *idle_patterns(),
        *misspelt_names(),
        *missing_messages(),
        *missing_page(),
        *invalid_campaigns(),
        *undescribed_campaigns(),
        *unusable_folder(),
        *check_recorders(),
    ]


def check_deployment(**_: Any) -> list[CheckMessage]:
    """W021, only under ``check --deploy``: development environments report as well."""
    if switched_off() is not None or not conf.SEND_IN_DEVELOPMENT:
        return []
    return [
        warning(
            "W021",
            f"{PREFIX}_SEND_IN_DEVELOPMENT is True: development, test and CI environments send reports.",
            hint="Remove the setting in production.",
        )
    ]


def check_delivery(
    *, databases: Sequence[str] | None = None, now: datetime | None = None, **_: Any
) -> list[CheckMessage]:
    """W022, only under ``check --database`` and ``migrate``: reports are due, but nothing delivers them."""
    if router.db_for_write(Report) not in (databases or ()) or switched_off() or silenced():
        return []
    try:
        with atomic():  # a failure must not abort the caller's transaction
            state = delivery_state(now or utc_now())
    except DatabaseError:
        return []  # not migrated yet
    if state.situation is not Situation.STALLED:
        return []
    hint = "See manage.py metric_collection doctor."
    return [warning("W022", f"Usage metrics: {state.sentence}", hint=hint)]


def warning(number: str, message: str, *, hint: str) -> CheckMessage:
    return checks.Warning(message, hint=hint, id=f"{NAMESPACE}.{number}")


def invalid_values() -> Iterator[CheckMessage]:
    """W101 and following: an invalid value, with one id for each setting."""
    for problem in conf.problems():
        setting = problem.setting
        detail = f" ({problem.detail})" if problem.detail else ""
        is_set = hasattr(settings, setting.name)
        yield warning(
            setting.id,
            f"{setting.name} is {quoted(problem.value) if is_set else 'missing'}{detail}.",
            hint=f"Set it to {setting.expected}. Until then no metrics are collected.",
        )


def quoted(value: object) -> str:
    """Return the repr of a setting's value, without the password if it is a URL."""
    kind = "the lazy translation " if isinstance(value, Promise) else ""
    return kind + re.sub(r"//[^/@\s]*@", "//***@", safe_repr(value))


def default_product() -> Iterator[CheckMessage]:
    """W020: operators read about a product called "Product"."""
    if Settings.PRODUCT.default == conf.PRODUCT:
        yield warning(
            "W020",
            f"{PREFIX}_PRODUCT is {conf.PRODUCT!r}, the default.",
            hint="Set it to the product's display name: operators read it, and its version is"
            " reported under that name.",
        )


def plain_http() -> Iterator[CheckMessage]:
    """W002: reports are sent unencrypted over a network."""
    url = urlsplit(conf.COLLECTOR_URL or "")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield warning(
            "W002",
            f"{PREFIX}_COLLECTOR_URL is {quoted(conf.COLLECTOR_URL)}: reports are sent unencrypted.",
            hint="Use https. Plain http is for a collector on the same machine.",
        )


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def invalid_probes() -> Iterator[CheckMessage]:
    """W017: a probe that cannot be loaded; the others can."""
    for path, options in conf.PROBES:
        try:
            registry.load(path, options)
        except Exception as error:  # noqa: BLE001  loading runs the publisher's code
            yield warning(
                "W017",
                f"{PREFIX}_PROBES names {path!r}, which cannot be loaded: {safe_str(error)}.",
                hint="Name a probe by its dotted path. Until then its facts are not sent.",
            )


def undescribed_facts() -> Iterator[CheckMessage]:
    """W018: a probe whose description or purpose is missing; operators read both."""
    for probe in registry.probes():
        try:
            with without_exit():
                problems = [f"has no {missing}" for missing in missing_words(probe)]
        except Exception as error:  # noqa: BLE001  declaring runs the publisher's code
            reason = f"{type(error).__name__}: {safe_str(error)}"
            problems = [f"cannot declare its facts: {reason}"]
        for problem in problems:
            yield warning(
                "W018",
                f"The probe {name_of(probe)} {problem}.",
                hint="Operators read the description and the purpose before they decide.",
            )


def unknown_words() -> Iterator[CheckMessage]:
    """W018: a misspelt key in an entry; the words under it would not be read."""
    for name, entries, keys in (
        ("FACTS", conf.FACTS, Facts.keys),
        ("COUNTS", conf.COUNTS, Counts.keys),
    ):
        for fact_name, entry in entries.items():
            for key in entry if isinstance(entry, Mapping) else ():
                if key not in keys:
                    yield warning(
                        "W018",
                        f"{PREFIX}_{name}[{fact_name!r}] has the unknown key {key!r}.",
                        hint=f"Use {', '.join(keys)}.",
                    )


def stated_values() -> dict[str, object]:
    """Return the values that the publisher states, by the names of their settings."""
    facts = {
        f"FACTS[{name!r}]": entry.get("value") if isinstance(entry, Mapping) else entry
        for name, entry in conf.FACTS.items()
    }
    return {
        "PRODUCT_VERSION": conf.PRODUCT_VERSION,
        "INSTALLATION_METHOD": conf.INSTALLATION_METHOD,
        **facts,
    }


def broken_paths() -> Iterator[CheckMessage]:
    """W006: a dotted path that cannot be imported."""
    for name, value in stated_values().items():
        try:
            if isinstance(value, str):
                follow(value)
        except Exception:  # noqa: BLE001  importing runs the publisher's code
            yield warning(
                "W006",
                f"{PREFIX}_{name} is {value!r}, which cannot be imported.",
                hint="Correct the dotted path, or let a callable return the value if it is none. Until then this"
                " fact is not sent.",
            )


def identifying_facts() -> Iterator[CheckMessage]:
    """W019: a stated value that would identify this machine or a person."""
    host = socket.gethostname().partition(".")[0].lower()
    is_telling = len(host) >= SHORTEST_HOST_NAME and host != "localhost"
    for name, value in stated_values().items():
        if not isinstance(value, str):
            continue
        if is_telling and host in value.lower():
            found = "contains this machine's host name"
        elif IDENTIFYING.search(value):
            found = "looks like an e-mail address or a path"
        else:
            continue
        yield warning(
            "W019",
            f"{PREFIX}_{name} is {value!r}, which {found}.",
            hint="State a value that many installations share: reports must not identify anybody.",
        )


def idle_patterns() -> Iterator[CheckMessage]:
    """W001 and W007: a pattern that matches no module or no fact."""
    declared = registry.declared()
    names = [fact.name for _probe, fact in declared]
    for pattern in conf.SELECTION if conf.CATEGORIES else ():
        if not any(fnmatchcase(name, pattern) for name in names):
            yield warning(
                "W007",
                f"{PREFIX}_SELECTION has {pattern!r}, which matches no fact.",
                hint="Run manage.py metric_collection dictionary for the names of all facts.",
            )
    if Settings.SELECTION.default != conf.SELECTION or not conf.CATEGORIES:
        return  # a module that is not selected is not declared either
    modules = [fact.name for probe, fact in declared if isinstance(probe, Modules)]
    for pattern in unmatched(conf.MODULES, modules):
        yield warning(
            "W001",
            f"{PREFIX}_MODULES has {pattern!r}, which matches no module in INSTALLED_APPS.",
            hint="Use the names of distributions (as pip knows them), not of packages or apps."
            " System Info in the admin lists them under Installed here.",
        )


def unmatched(patterns: Sequence[str], modules: Sequence[str]) -> list[str]:
    """Return the patterns that match no module.

    Once another one does, a pattern with a wildcard may well be for plug-ins that are not installed here.
    """
    idle = [each for each in patterns if not any(is_match(name, each) for name in modules)]
    is_any_matched = len(idle) < len(patterns)
    return [each for each in idle if not (is_any_matched and set(each) & set("*?["))]


def misspelt_names() -> Iterator[CheckMessage]:
    """W003 and W004: a setting whose prefix, or name after the prefix, is misspelt."""
    known = [setting.name for setting in conf.declared()]
    # The collector app checks its own settings.
    others = OTHER_APPS if apps.is_installed("metric_collection.collector") else ()
    for name in dir(settings):
        has_prefix = name.startswith(f"{PREFIX}_")
        if name in known or name.startswith(others):
            continue
        if not has_prefix and "METRIC" not in name and "COLLECTION" not in name:
            continue
        # With our prefix it is meant for us; without it, only if it is nearly one of our names.
        nearest = get_close_matches(name, known, n=1, cutoff=0 if has_prefix else 0.9)
        message = f"{name} is not a setting of metric_collection."
        for meant in nearest:
            hint = f"Did you mean {meant}?"
            yield (
                warning("W004", message, hint=hint)
                if has_prefix
                else warning("W003", message, hint=hint)
            )


def missing_messages() -> Iterator[CheckMessage]:
    """W005: the admin is installed, but its index cannot show the notice."""
    if apps.is_installed("django.contrib.admin") and not apps.is_installed(
        "django.contrib.messages"
    ):
        yield warning(
            "W005",
            "django.contrib.messages is not installed: the admin index cannot show the notice.",
            hint="Add it to INSTALLED_APPS, or tell superusers about the System Info page.",
        )


def missing_page() -> Iterator[CheckMessage]:
    """W010: the admin is installed, but no site has the System Info page."""
    if not apps.is_installed("django.contrib.admin"):
        return
    if has_page():
        return
    with suppress(Exception), without_exit():  # Django's own checks report a broken URLconf
        _ = get_resolver().url_patterns  # importing it often sets up a site of the host's own
    if not has_page():
        yield warning(
            "W010",
            "No AdminSite has the System Info page: operators cannot see what is sent, nor decline.",
            hint="Register it: my_site.register(metric_collection.models.Consent,"
            " metric_collection.admin.SystemInfoAdmin).",
        )


def has_page() -> bool:
    from django.contrib.admin.sites import all_sites  # noqa: PLC0415  needs the admin installed

    return any(site.is_registered(Consent) for site in all_sites)


def invalid_campaigns() -> Iterator[CheckMessage]:
    """W112: an invalid campaign; the others run."""
    for error in declaration().refused:
        yield warning(
            Settings.CAMPAIGNS.id,
            f"{PREFIX}_CAMPAIGNS: {error}.",
            hint="Fix this campaign. Until then nothing is measured for it.",
        )


def undescribed_campaigns() -> Iterator[CheckMessage]:
    """W008: a campaign without a title or a purpose; operators read them."""
    for campaign_id, declared in campaigns().items():
        if not declared.purpose or declared.title == campaign_id:
            yield warning(
                "W008",
                f"The campaign {campaign_id!r} has no title or no purpose.",
                hint="Operators read both before they decide: say what is measured, and why.",
            )


def unusable_folder() -> Iterator[CheckMessage]:
    """W009: measurements are kept in memory until they are flushed."""
    problem = state_folder().problem() if campaigns() and silenced() is None else None
    if problem is not None:
        yield warning(
            "W009",
            f"Measurements are kept in memory until they are flushed: {problem}.",
            hint=f"Set {PREFIX}_STATE_FOLDER to a folder that this user can write to, on ext4, XFS or"
            " tmpfs. Until then a process that is killed loses what it has not flushed yet.",
        )
