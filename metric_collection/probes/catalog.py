"""Every fact that the probes of this app can send, as it reads where no machine is at hand."""

from collections.abc import Sequence
from typing import cast

from .container import ContainerProbe
from .counts import CountProbe
from .database import DatabaseProbe
from .deployment import DeploymentProbe
from .desktop import DesktopProbe
from .disk import DiskProbe
from .facts import FactProbe
from .hardware import HardwareProbe, RaspberryPiProbe
from .host import HostProbe
from .installed_at import InstalledAtProbe
from .memory import MemoryProbe
from .probe import Fact, Probe
from .processes import ProcessesProbe
from .processor import ProcessorProbe
from .registry import DEFAULT_PROBES
from .runtime import RuntimeProbe
from .time_zone import TimeZoneProbe
from .virtualization import VirtualizationProbe

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
