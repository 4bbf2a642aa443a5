"""Every fact that the probes of this app can send, as it reads where no machine is at hand."""

from collections.abc import Sequence
from typing import cast

from .installed_at import InstalledAtProbe
from .probes.container import ContainerProbe
from .probes.counts import CountProbe
from .probes.database import DatabaseProbe
from .probes.deployment import DeploymentProbe
from .probes.desktop import DesktopProbe
from .probes.disk import DiskProbe
from .probes.facts import FactProbe
from .probes.hardware import HardwareProbe, RaspberryPiProbe
from .probes.host import HostProbe
from .probes.memory import MemoryProbe
from .probes.probe import Fact, Probe
from .probes.processor import ProcessorProbe
from .probes.registry import DEFAULT_PROBES
from .probes.runtime import RuntimeProbe
from .probes.time_zone import TimeZoneProbe
from .probes.virtualization import VirtualizationProbe
from .processes import ProcessesProbe

SETTING_PROBES: tuple[type[Probe], ...] = (FactProbe, CountProbe)
CHOOSABLE_PROBES: tuple[type[Probe], ...] = (
    HostProbe,
    RuntimeProbe,
    DatabaseProbe,
    ContainerProbe,
    VirtualizationProbe,
    ProcessorProbe,
    MemoryProbe,
    DiskProbe,
    TimeZoneProbe,
    HardwareProbe,
    RaspberryPiProbe,
    DesktopProbe,
    DeploymentProbe,
    ProcessesProbe,
    InstalledAtProbe,
)


def catalog() -> list[tuple[type[Probe], Fact]]:
    """Each probe with each of its facts.

    Of a probe whose facts depend on settings or on the machine that is its ``form``, with a
    placeholder such as ``<module>`` for the name.
    """
    probes = (*DEFAULT_PROBES, *SETTING_PROBES, *CHOOSABLE_PROBES)
    return [(probe, fact) for probe in probes for fact in _facts(probe)]


def _facts(probe: type[Probe]) -> Sequence[Fact]:
    form: Fact | None = getattr(probe, "form", None)
    return [form] if form else cast("Sequence[Fact]", probe.facts)
