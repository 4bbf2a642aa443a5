"""Every fact that the probes of this app can send, as declared without a look at a machine."""

from collections.abc import Sequence
from typing import cast

from django.utils.module_loading import import_string

from . import probe_names
from .counts import Counts
from .facts import Facts
from .probe import Fact, Probe
from .registry import DEFAULT_PROBES

SETTING_PROBES: tuple[type[Probe], ...] = (Facts, Counts)


def choosable_probes() -> list[type[Probe]]:
    """The probes that ``METRIC_COLLECTION_PROBES`` can name, which are those of this folder but a few."""
    probes = [import_string(f"{__package__}.{name}") for name in probe_names()]
    return [probe for probe in probes if probe not in (*DEFAULT_PROBES, *SETTING_PROBES)]


def catalog() -> list[tuple[type[Probe], Fact]]:
    """Each probe with each of its facts.

    Of a probe whose facts depend on settings or on the machine that is its ``form``, with a
    placeholder such as ``<module>`` for the name.
    """
    probes = (*DEFAULT_PROBES, *SETTING_PROBES, *choosable_probes())
    found: list[tuple[type[Probe], Fact]] = []
    for probe in probes:
        form: Fact | None = getattr(probe, "form", None)
        facts = [form] if form else cast("Sequence[Fact]", probe.facts)
        found += [(probe, fact) for fact in facts]
    return found
