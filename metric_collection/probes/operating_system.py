"""The operating system, its kernel and the processor's family."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .linux.os_release import OsRelease, distribution
from .probe import Compared, Fact, Unknown
from .values.text import numbers_of

NO_OS_RELEASE = Unknown("the system has no os-release file")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """Reports the system of every installation, under the names that existing dashboards know."""

    facts = (
        Fact(
            name="os_version",
            description="The operating system and its version.",
            example="debian 12",
            purpose="To know which systems to test releases on.",
            coarsened='"other" for a distribution that is not well known. Numbers of the version only.',
            compared=Compared.VALUE,
        ),
        Fact(
            name="kernel_version",
            description="Version of the kernel.",
            example="6.1.0",
            purpose="To know which kernel features can be relied on.",
            coarsened="The numbers only: the distribution's own build is not sent.",
            compared=Compared.VALUE,
        ),
        Fact(
            name="hardware_platform",
            description="The processor's family.",
            example="x86_64",
            purpose="To know which processors to build packages for.",
            compared=Compared.VALUE,
        ),
    )

    uname: Callable[[], platform.uname_result] = platform.uname
    os_release: OsRelease = platform.freedesktop_os_release

    def gather(self) -> Mapping[str, object]:
        system = self.uname()
        version: str | Unknown
        if found := distribution(self.os_release):
            version = f"{found.name} {found.version}".rstrip()
        elif system.system == "Linux":
            version = NO_OS_RELEASE
        else:
            version = f"{system.system} {numbers_of(system.release)}".rstrip()
        return {
            "os_version": version,
            "kernel_version": numbers_of(system.release),
            "hardware_platform": system.machine,
        }
