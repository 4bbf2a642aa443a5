"""The operating system, its kernel and the processor's family."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from .linux.os_release import read_os_release
from .probe import Compared, Fact


class OperatingSystem:
    """Reports what every installation runs on; the names are those of existing dashboards."""

    facts = (
        Fact(
            name="os_version",
            description="Name and version of the operating system.",
            example="Debian GNU/Linux 12 (bookworm)",
            purpose="To know which systems to test releases on.",
            compared=Compared.VALUE,
        ),
        Fact(
            name="kernel_version",
            description="Version of the kernel.",
            example="6.1.0",
            purpose="To know which kernel features can be relied on.",
            coarsened="Cut at the first hyphen: the distribution's own build is not sent.",
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

    def __init__(
        self, *, root: Path = Path("/"), uname: Callable[[], os.uname_result] = os.uname
    ) -> None:
        self._root = root
        self._uname = uname

    def gather(self) -> Mapping[str, object]:
        system = self._uname()
        return {
            "os_version": read_os_release(self._root).get("PRETTY_NAME"),
            "kernel_version": system.release.partition("-")[0],
            "hardware_platform": system.machine,
        }
