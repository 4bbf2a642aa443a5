"""All probes of this app together, or what libraries tell of a machine: a first time, and once more."""

# ruff: noqa: PLC0415  what needs Django to be set up, or is on one side only, is imported late

from collections.abc import Callable, Mapping
from importlib import import_module
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
    return {"defaults": gather, **{path: lambda path=path: gather_of(path) for path in CHOSEN}}


def gather() -> None:
    from metric_collection.probes.registry import DEFAULT_PROBES

    for probe in DEFAULT_PROBES:
        probe().gather()


def gather_of(path: str) -> None:
    module, _, name = path.rpartition(".")
    getattr(import_module(module), name)().gather()


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
CHOSEN = [
    "metric_collection.probes.host.HostProbe",
    "metric_collection.probes.runtime.RuntimeProbe",
    "metric_collection.probes.database.DatabaseProbe",
    "metric_collection.probes.container.ContainerProbe",
    "metric_collection.probes.virtualization.VirtualizationProbe",
    "metric_collection.probes.processor.ProcessorProbe",
    "metric_collection.probes.memory.MemoryProbe",
    "metric_collection.probes.disk.DiskProbe",
    "metric_collection.probes.time_zone.TimeZoneProbe",
    "metric_collection.probes.hardware.HardwareProbe",
    "metric_collection.probes.hardware.RaspberryPiProbe",
    "metric_collection.probes.desktop.DesktopProbe",
    "metric_collection.probes.deployment.DeploymentProbe",
    "metric_collection.probes.processes.ProcessesProbe",
    "metric_collection.probes.installed_at.InstalledAtProbe",
]
