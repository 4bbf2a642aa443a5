"""The memory that the product can use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..measuring.buckets import UNEVEN, size_bucket
from .linux.cgroup import memory_group
from .linux.files import fields, read
from .probe import Fact, Unknown

FIELDS = {"total_memory": "MemTotal", "free_memory": "MemFree", "avail_memory": "MemAvailable"}
UNKNOWN = Unknown("the system does not state it in /proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Reports the memory of the machine, or the limit of the container if that is less."""

    facts = (
        Fact(
            name="total_memory",
            description="The size of the memory, within the limits of the product's container.",
            example="5-9 GB",
            purpose="To know how much memory the product can use.",
            coarsened=UNEVEN,
        ),
        Fact(
            name="free_memory",
            description="The memory that is not in use.",
            example="200-499 MB",
            purpose="To know whether machines run short of memory.",
            coarsened=UNEVEN,
        ),
        Fact(
            name="avail_memory",
            description="The memory that is available without swapping.",
            example="2-4 GB",
            purpose="To know whether machines run short of memory.",
            coarsened=UNEVEN,
        ),
    )

    root: Path = Path("/")

    def gather(self) -> Mapping[str, object]:
        limits: dict[str, int] = {}
        if group := memory_group(self.root):
            left = max(group.limit - group.used, 0)
            limits = {
                "total_memory": group.limit,
                "free_memory": left,
                "avail_memory": left + group.reclaimable,
            }
        table = fields(read(self.root, "proc/meminfo"), ":")
        found: dict[str, object] = {}
        for name, field in FIELDS.items():
            kibibytes = table.get(field, "").partition(" ")[0]
            if kibibytes:
                size = int(kibibytes) * 1024
                found[name] = size_bucket(min(size, limits.get(name, size)))
            else:
                found[name] = UNKNOWN
        return found
