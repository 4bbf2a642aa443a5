"""All probes of this app together, or what libraries tell of a machine: a first time, and once more."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

from collections.abc import Callable, Mapping
from typing import Any

import django

from .queries import counted
from .stopwatch import timed


def measure(*, side: str) -> dict[str, object]:
    """What is imported for a probe or library is part of its first time."""
    django.setup()
    asked = SIDES[side]()
    return {
        "cold": {name: timed(ask) for name, ask in asked.items()},
        "warm": {name: timed(ask) for name, ask in asked.items()},
        "queries": sum(counted(ask) for ask in asked.values()),
    }


def ours() -> Mapping[str, Callable[[], Any]]:
    """The default probes are one, for they are always asked."""
    from metric_collection.probes import probe_names
    from metric_collection.probes.registry import DEFAULT_PROBES

    defaults = {probe.__name__ for probe in DEFAULT_PROBES}
    chosen = sorted({*probe_names()} - defaults - {"Facts", "Counts"})
    return {"defaults": gather, **{name: lambda name=name: gather_of(name) for name in chosen}}


def gather() -> None:
    from metric_collection.probes.registry import DEFAULT_PROBES

    for probe in DEFAULT_PROBES:
        probe().gather()


def gather_of(name: str) -> None:
    from metric_collection import probes

    getattr(probes, name)().gather()


def libraries() -> Mapping[str, Callable[[], Any]]:
    return {"py-cpuinfo": cpuinfo, "psutil": psutil, "distro": distro}


def cpuinfo() -> None:
    """Of the processor, its flags above all."""
    from cpuinfo import get_cpu_info

    get_cpu_info()


def psutil() -> None:
    """Of processors, memory, disk, and for how long the machine has run."""
    import psutil

    psutil.cpu_count(), psutil.virtual_memory(), psutil.disk_usage("/"), psutil.boot_time()


def distro() -> None:
    """Of the operating system."""
    import distro

    distro.name(), distro.version(), distro.name(pretty=True)


SIDES = {"ours": ours, "peer": libraries}
