"""The number of processors, and their SIMD instructions."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from .linux.cgroup import cpu_limit
from .linux.files import fields, read
from .probe import Fact, Unknown

# Flag of the kernel -> common name of the instructions; the highest level first.
LEVELS = {
    "avx512f": "AVX-512",
    "avx2": "AVX2",
    "avx": "AVX",
    "sse4_2": "SSE4.2",
    "sve": "SVE",
    "asimd": "NEON",
    "neon": "NEON",
}
NO_LEVEL = Unknown("/proc/cpuinfo lists none of these levels")


def usable_cpus() -> int:
    """The number of processors that the scheduler gives to this process."""
    if hasattr(os, "sched_getaffinity"):  # neither on macOS nor on Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Reports the number of processors, within the container's limits, and their SIMD level."""

    facts = (
        Fact(
            name="cpu_count",
            description="The number of processors that the product can use, within its container's limits.",
            example="4",
            purpose="To know how much work can be done in parallel.",
            coarsened="Rounded up to whole processors.",
        ),
        Fact(
            name="cpu_capable",
            description="The processor's SIMD level: SSE4.2, AVX, AVX2, AVX-512, NEON or SVE.",
            example="AVX2",
            purpose="To know which instructions compiled packages can use.",
            coarsened="The highest level only; no model, no serial number.",
        ),
    )

    root: Path = Path("/")
    cpus: Callable[[], int] = usable_cpus

    def gather(self) -> Mapping[str, object]:
        cpus, limit = self.cpus(), cpu_limit(self.root)
        flags = cpu_flags(self.root)
        return {
            "cpu_count": min(cpus, ceil(limit)) if limit else cpus,
            "cpu_capable": next(
                (level for flag, level in LEVELS.items() if flag in flags), NO_LEVEL
            ),
        }


def cpu_flags(root: Path) -> frozenset[str]:
    """The first processor's flags; empty where the kernel shows none."""
    first = fields(read(root, "proc/cpuinfo"), ":")
    # PCs have a line of flags, ARM boards one of Features.
    return frozenset((first.get("flags") or first.get("Features") or "").split())
