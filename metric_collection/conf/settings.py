"""The settings: each declared once, read lazily, and never fatal to the host.

A value that does not parse reads as the default; ``checks`` tells the publisher, and ``consent``
keeps the app silent.
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
    """What an operator's silence means (``METRIC_COLLECTION_CONSENT``)."""

    OPT_OUT = "opt-out"
    NOTICE = "notice"
    OPT_IN = "opt-in"


class Settings(Declaration):
    """Every setting; attribute names are those of the documentation without their prefix."""

    prefix = PREFIX

    ENABLED = Setting(values.switch, default=True, id="E001", expected="True or False")
    COLLECTOR_URL = Setting(
        values.web_address,
        default=None,
        id="E002",
        expected="a full http(s) URL such as 'https://metrics.example.org/cleaninsights.php'",
    )
    SITE_ID = Setting(
        values.site, default=None, id="E003", expected="the collector's site id, an integer >= 1"
    )
    PRODUCT = Setting(
        values.text, default="Product", id="E004", expected="the product's display name, a text"
    )
    PRODUCT_VERSION = Setting(
        values.resolvable,
        default=None,
        id="E005",
        expected="a text, a dotted path, a callable or None",
    )
    MODULES = Setting(
        values.texts,
        default=(),
        id="E006",
        expected="a list of distribution names or patterns such as ['acme-*']",
    )
    LIBRARIES = Setting(
        values.texts, default=(), id="E007", expected="a list of distribution names"
    )
    INSTALLATION_METHOD = Setting(
        values.resolvable,
        default=None,
        id="E008",
        expected="a text, a dotted path, a callable or None",
    )
    PROBES = Setting(
        values.extensions,
        default=(),
        id="E009",
        expected="a list of dotted paths to probes, or of pairs (dotted path, {option: value})",
    )
    FACTS = Setting(
        values.named,
        default={},
        id="E010",
        expected="a dictionary of fact names to texts, numbers, callables, or dictionaries with "
        "'value', 'description', 'example' and 'purpose'",
    )
    COUNTS = Setting(
        values.named,
        default={},
        id="E011",
        expected="a dictionary of fact names to models, querysets, callables, or dictionaries with "
        "'of', 'exact', 'unit', 'description', 'example' and 'purpose'",
    )
    CAMPAIGNS = Setting(
        values.named,
        default={},
        id="E012",
        expected="a dictionary of campaign ids to Clean Insights campaigns",
    )
    CONSENT = Setting(
        Mode, default="opt-out", id="E013", expected="'opt-out', 'notice' or 'opt-in'"
    )
    REPORT_OPT_OUT = Setting(values.boolean, default=False, id="E014", expected="True or False")
    LEARN_MORE_URL = Setting(
        values.optional(values.web_address),
        default=None,
        id="E015",
        expected="a full http(s) URL or None",
    )
    HEARTBEAT_INTERVAL = Setting(
        values.duration,
        default=timedelta(hours=24),
        id="E016",
        expected=SPAN,
    )
    MAX_AGE = Setting(
        values.duration,
        default=timedelta(days=100),
        id="E017",
        expected=SPAN,
    )
    MAX_RETRY_DELAY = Setting(
        values.duration,
        default=timedelta(hours=1),
        id="E018",
        expected=SPAN,
    )
    TIMEOUT = Setting(
        values.timeouts,
        default=(4, 8),
        id="E019",
        expected="seconds to connect and to read, each up to 60",
    )
    KEEP_REPORTS = Setting(
        values.duration,
        default=timedelta(days=90),
        id="E020",
        expected=SPAN,
    )
    SEND_IN_DEVELOPMENT = Setting(
        values.boolean, default=False, id="E021", expected="True or False"
    )
    QUEUE = Setting(
        values.optional(values.text),
        default=None,
        id="E022",
        expected="the name of a Celery queue or None",
    )
    FLUSH_INTERVAL = Setting(
        values.duration,
        default=timedelta(seconds=10),
        id="E023",
        expected="a timedelta or seconds, more than 0",
    )
    STATE_FOLDER = Setting(
        values.optional(values.absolute_path),
        default=None,
        id="E024",
        expected="an absolute path or None",
    )
    OFF_SWITCHES = Setting(
        values.off_switches,
        default={},
        id="E025",
        expected="a dictionary of environment variables to True (a yes switches off, as in "
        "'ACME_DISABLE_TELEMETRY') or False (a no does, as in 'ACME_TELEMETRY')",
    )
    CATEGORIES = Setting(
        values.categories,
        default=values.CATEGORIES,
        id="E026",
        expected="a list of 'Install', 'Upgrade' and 'Heartbeat', or of some of them",
    )
    SELECTION = Setting(
        values.texts,
        default=("*",),
        id="E027",
        expected="a list of names or patterns of facts such as ['os_version', 'acme-*']",
    )
    RECORDERS = Setting(
        values.named,
        default={},
        id="E028",
        expected="a dictionary of recorders to campaign ids, or to dictionaries with 'campaign'",
    )
    PACKAGES = Setting(
        values.packages,
        default=(),
        id="E029",
        expected="a list of packages as they are imported, such as ['acme', 'acme_plugins.labels']",
    )


conf = Settings()
