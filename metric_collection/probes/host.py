"""The machine and its operating system, in values that many machines share."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..measuring.buckets import UNEVEN, count_bucket
from .linux.files import read
from .linux.os_release import OsRelease, distribution
from .operating_system import NO_OS_RELEASE
from .probe import Fact, Unknown
from .values.text import numbers_of

DAY = 24 * 60 * 60
NO_RELEASE = Unknown("the distribution has no releases, or is not well known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Reports the kind of machine and operating system, and how long it has been running."""

    facts = (
        Fact(
            name="architecture",
            description="The processor's family.",
            example="x86_64",
            purpose="To know which processors to build packages for.",
        ),
        Fact(
            name="os_name",
            description="The name of the operating system.",
            example="debian",
            purpose="To know which systems to test releases on.",
            coarsened='"other" for a distribution that is not well known.',
        ),
        Fact(
            name="os_type",
            description="The kernel's name.",
            example="Linux",
            purpose="To know which kinds of systems have to be supported.",
        ),
        Fact(
            name="os_release",
            description="The release of the operating system.",
            example="12",
            purpose="To know which releases of a system are still in use.",
        ),
        Fact(
            name="os_kernel",
            description="The version of the kernel.",
            example="6.1.0",
            purpose="To know which kernel features can be relied on.",
            coarsened="The numbers only: the distribution's own build is not sent.",
        ),
        Fact(
            name="uptime",
            description="The days since the machine was started.",
            example="5-9 days",
            purpose="To know whether machines run long enough for leaks to show.",
            coarsened=f"Whole days. {UNEVEN}",
        ),
    )

    root: Path = Path("/")
    uname: Callable[[], platform.uname_result] = platform.uname
    os_release: OsRelease = platform.freedesktop_os_release

    def gather(self) -> Mapping[str, object]:
        system, found = self.uname(), distribution(self.os_release)
        return {
            "architecture": system.machine,
            "os_name": found.name if found else NO_OS_RELEASE,
            "os_type": system.system,
            "os_release": found.version or NO_RELEASE if found else NO_OS_RELEASE,
            "os_kernel": numbers_of(system.release),
            "uptime": self._uptime(),
        }

    def _uptime(self) -> str | Unknown:
        seconds = read(self.root, "proc/uptime").partition(".")[0]
        if not seconds:
            return Unknown("the system does not report its uptime")
        return f"{count_bucket(int(seconds) // DAY)} days"
