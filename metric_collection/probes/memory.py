"""The memory that the product may use."""

from collections.abc import Mapping
from pathlib import Path

from .linux.cgroup import memory_group
from .linux.files import fields, read
from .probe import Fact
from .values.buckets import UNEVEN, size_bucket

FIELDS = {"total_memory": "MemTotal", "free_memory": "MemFree", "avail_memory": "MemAvailable"}


class Memory:
    """Reports the memory of the machine, or of the container where that has less."""

    facts = (
        Fact(
            name="total_memory",
            description="How much memory there is, by the limits of the product's container.",
            example="5-9 GB",
            purpose="To know how much memory the product may ask for.",
            coarsened=UNEVEN,
        ),
        Fact(
            name="free_memory",
            description="How much memory nobody uses.",
            example="200-499 MB",
            purpose="To know whether machines run short of memory.",
            coarsened=UNEVEN,
        ),
        Fact(
            name="avail_memory",
            description="How much memory could be had without swapping.",
            example="2-4 GB",
            purpose="To know whether machines run short of memory.",
            coarsened=UNEVEN,
        ),
    )

    def __init__(self, *, root: Path = Path("/")) -> None:
        self._root = root

    def gather(self) -> Mapping[str, object]:
        limits = self._limits()
        return {
            name: size_bucket(min(size, limits.get(name, size)))
            for name, size in self._sizes().items()
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
