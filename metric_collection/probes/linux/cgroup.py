"""The limits of a container or service: control groups, version 2 and version 1.

Groups are nested and each limit applies, so the lowest one counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .files import fields, read

CGROUPS = "sys/fs/cgroup"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryGroup:
    """A limit on memory, the used part of it, and the part of that which can be reclaimed; in bytes."""

    limit: int
    used: int
    reclaimable: int


def cpu_limit(root: Path) -> float | None:
    """The limit in processors, such as 1.5; None without a limit."""
    limits = []
    for group in _groups(root, "cpu"):
        # One file in version 2, two in version 1.
        quota, _, period = read(root, f"{group}/cpu.max").partition(" ")
        quota = quota or read(root, f"{group}/cpu.cfs_quota_us")
        period = period or read(root, f"{group}/cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal():  # "max" and -1 stand for no limit
            limits.append(int(quota) / int(period))
    return min(filter(None, limits), default=None)


def memory_group(root: Path) -> MemoryGroup | None:
    """The lowest limit on this process's memory; None without a limit."""
    found = []
    for group in _groups(root, "memory"):
        limit = read(root, f"{group}/memory.max") or read(root, f"{group}/memory.limit_in_bytes")
        if not limit.isdecimal():
            continue
        used = read(root, f"{group}/memory.current") or read(root, f"{group}/memory.usage_in_bytes")
        statistics = fields(read(root, f"{group}/memory.stat"), " ")
        cached = statistics.get("total_inactive_file") or statistics.get("inactive_file")
        found.append(
            MemoryGroup(limit=int(limit), used=int(used or 0), reclaimable=int(cached or 0))
        )
    return min(found, key=lambda group: group.limit, default=None)


def _groups(root: Path, controller: str) -> Iterator[str]:
    """The folders of this process's groups, each followed by its parents."""
    for line in read(root, "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        # Version 2 has a single hierarchy, whose line names no controllers.
        if not controllers or controller in controllers.split(","):
            mount = f"{CGROUPS}/{controller}" if controllers else CGROUPS
            inner = PurePosixPath(path.lstrip("/"))
            yield from (f"{mount}/{group}" for group in (inner, *inner.parents))
