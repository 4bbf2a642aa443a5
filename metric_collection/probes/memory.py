"""The memory that the product can use."""

from collections.abc import Mapping
from pathlib import Path

from ..measuring.buckets import UNEVEN, size_bucket
from .linux.cgroup import memory_group
from .linux.files import fields, read
from .probe import Fact, Unknown

FIELDS = {"total_memory": "MemTotal", "free_memory": "MemFree", "avail_memory": "MemAvailable"}


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

    def __init__(self, *, root: Path = Path("/")) -> None:
        self._root = root

    def gather(self) -> Mapping[str, object]:
        sizes, limits = self._sizes(), self._limits()
        return {
            name: size_bucket(min(sizes[name], limits.get(name, sizes[name])))
            if name in sizes
            else Unknown("the system does not say so in /proc/meminfo")
            for name in FIELDS
        }

    def _sizes(self) -> dict[str, int]:
        table = fields(read(self._root, "proc/meminfo"), ":")
        sizes = {name: table.get(field, "").partition(" ")[0] for name, field in FIELDS.items()}
        return {name: int(size) * 1024 for name, size in sizes.items() if size}

    def _limits(self) -> dict[str, int]:
        group = memory_group(self._root)
        if group is None:
            return {}
        left = max(group.limit - group.used, 0)
        return {
            "total_memory": group.limit,
            "free_memory": left,
            "avail_memory": left + group.reclaimable,
        }
