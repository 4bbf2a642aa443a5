"""The machine and its operating system, in words that fit many machines."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from .linux.files import read
from .linux.os_release import read_os_release
from .probe import Fact
from .values.buckets import UNEVEN, count_bucket

DAY = 24 * 60 * 60


class Host:
    """Reports the kind of the machine and of its operating system, and for how long it has run."""

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
            example="Debian GNU/Linux",
            purpose="To know which systems to test releases on.",
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
            coarsened="Cut at the first hyphen: the distribution's own build is not sent.",
        ),
        Fact(
            name="uptime",
            description="For how many days the machine has been running.",
            example="5-9 days",
            purpose="To know whether machines run for long, and leaks have time to show.",
            coarsened=f"Whole days. {UNEVEN}",
        ),
    )

    def __init__(
        self, *, root: Path = Path("/"), uname: Callable[[], os.uname_result] = os.uname
    ) -> None:
        self._root = root
        self._uname = uname

    def gather(self) -> Mapping[str, object]:
        system, release = self._uname(), read_os_release(self._root)
        return {
            "architecture": system.machine,
            "os_name": release.get("NAME"),
            "os_type": system.sysname,
            "os_release": release.get("VERSION_ID"),
            "os_kernel": system.release.partition("-")[0],
            "uptime": self._uptime(),
        }

    def _uptime(self) -> str | None:
        seconds = read(self._root, "proc/uptime").partition(".")[0]
        return f"{count_bucket(int(seconds) // DAY)} days" if seconds else None
