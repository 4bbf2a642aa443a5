"""The settings, each declared once and read lazily.

An invalid value never raises: it reads as the default, ``checks`` warns the publisher, and no metrics are
collected (``consent.rules``).
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from . import values
from .declaration import Declaration, Setting

PREFIX = "METRIC_COLLECTION"
NAMESPACE = "usage_metrics"
SPAN = "a timedelta or seconds, more than 0 and at most 100 years"


class Mode(str, Enum):
    """Consent mode until the operator decides (``METRIC_COLLECTION_CONSENT``)."""

    OPT_OUT = "opt-out"
    NOTICE = "notice"
    OPT_IN = "opt-in"


class Settings(Declaration):
    """Every setting; an attribute is named as its setting without the prefix."""

    prefix = PREFIX

    ENABLED = Setting(values.switch, default=True, id="W101", expected="True or False")
    COLLECTOR_URL = Setting(
        values.web_address,
        default=None,
        id="W102",
        expected="a full http(s) URL such as 'https://metrics.example.org/cleaninsights.php'",
    )
    SITE_ID = Setting(
        values.site, default=None, id="W103", expected="the collector's site id, an integer >= 1"
    )
    PRODUCT = Setting(
        values.text, default="Product", id="W104", expected="the product's display name, a string"
    )
    PRODUCT_VERSION = Setting(
        values.resolvable,
        default=None,
        id="W105",
        expected="a string, a dotted path, a callable or None",
    )
    MODULES = Setting(
        values.texts,
        default=(),
        id="W106",
        expected="a list of distribution names or patterns such as ['acme-*']",
    )
    LIBRARIES = Setting(
        values.texts, default=(), id="W107", expected="a list of distribution names"
    )
    INSTALLATION_METHOD = Setting(
        values.resolvable,
        default=None,
        id="W108",
        expected="a string, a dotted path, a callable or None",
    )
    PROBES = Setting(
        values.extensions,
        default=(),
        id="W109",
        expected="a list of dotted paths to probes, or of pairs (dotted path, {option: value})",
    )
    FACTS = Setting(
        values.named,
        default={},
        id="W110",
        expected="a dictionary of fact names to strings, numbers, callables, or dictionaries with "
        "'value', 'description', 'example' and 'purpose'",
    )
    COUNTS = Setting(
        values.named,
        default={},
        id="W111",
        expected="a dictionary of fact names to models, querysets, callables, or dictionaries with "
        "'of', 'exact', 'unit', 'description', 'example' and 'purpose'",
    )
    CAMPAIGNS = Setting(
        values.named,
        default={},
        id="W112",
        expected="a dictionary of campaign ids to Clean Insights campaigns",
    )
    CONSENT = Setting(
        Mode, default="opt-out", id="W113", expected="'opt-out', 'notice' or 'opt-in'"
    )
    REPORT_OPT_OUT = Setting(values.boolean, default=False, id="W114", expected="True or False")
    LEARN_MORE_URL = Setting(
        values.optional(values.web_address),
        default=None,
        id="W115",
        expected="a full http(s) URL or None",
    )
    HEARTBEAT_INTERVAL = Setting(
        values.duration,
        default=timedelta(hours=24),
        id="W116",
        expected=SPAN,
    )
    MAX_AGE = Setting(
        values.duration,
        default=timedelta(days=100),
        id="W117",
        expected=SPAN,
    )
    MAX_RETRY_DELAY = Setting(
        values.duration,
        default=timedelta(hours=1),
        id="W118",
        expected=SPAN,
    )
    TIMEOUT = Setting(
        values.timeouts,
        default=(4, 8),
        id="W119",
        expected="seconds to connect and to read, each up to 60",
    )
    KEEP_REPORTS = Setting(
        values.duration,
        default=timedelta(days=90),
        id="W120",
        expected=SPAN,
    )
    SEND_IN_DEVELOPMENT = Setting(
        values.boolean, default=False, id="W121", expected="True or False"
    )
    QUEUE = Setting(
        values.optional(values.text),
        default=None,
        id="W122",
        expected="the name of a Celery queue or None",
    )
    FLUSH_INTERVAL = Setting(
        values.duration,
        default=timedelta(seconds=10),
        id="W123",
        expected="a timedelta or seconds, more than 0",
    )
    STATE_FOLDER = Setting(
        values.optional(values.absolute_path),
        default=None,
        id="W124",
        expected="an absolute path or None",
    )
    OFF_SWITCHES = Setting(
        values.off_switches,
        default={},
        id="W125",
        expected="a dictionary of environment variables to True (a yes switches off, as in "
        "'ACME_DISABLE_TELEMETRY') or False (a no does, as in 'ACME_TELEMETRY')",
    )
    CATEGORIES = Setting(
        values.categories,
        default=values.CATEGORIES,
        id="W126",
        expected="a list of 'Install', 'Upgrade' and 'Heartbeat', or of some of them",
    )
    SELECTION = Setting(
        values.texts,
        default=("*",),
        id="W127",
        expected="a list of names or patterns of facts such as ['os_version', 'acme-*']",
    )
    RECORDERS = Setting(
        values.named,
        default={},
        id="W128",
        expected="a dictionary of recorders to campaign ids, or to dictionaries with 'campaign'",
    )
    PACKAGES = Setting(
        values.packages,
        default=(),
        id="W129",
        expected="a list of packages as they are imported, such as ['acme', 'acme_plugins.labels']",
    )
    CONSENT_EXPIRES = Setting(
        values.optional(values.duration),
        default=None,
        id="W130",
        expected=f"{SPAN}, or None",
    )
    PROMPT = Setting(values.boolean, default=False, id="W131", expected="True or False")
    RESULTS_URL = Setting(
        values.optional(values.web_address),
        default=None,
        id="W132",
        expected="a full http(s) URL or None",
    )


conf = Settings()
