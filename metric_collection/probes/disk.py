"""The disk with the root file system."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..measuring.buckets import UNEVEN, size_bucket
from .probe import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Reports the size of the root file system and its free space."""

    facts = (
        Fact(
            name="total_disk",
            description="The size of the disk.",
            example="50-99 GB",
            purpose="To know how much space the product can use.",
            coarsened=UNEVEN,
        ),
        Fact(
            name="free_disk",
            description="The free space on the disk.",
            example="20-49 GB",
            purpose="To know whether machines run short of space.",
            coarsened=UNEVEN,
        ),
    )

    root: Path = Path("/")

    def gather(self) -> Mapping[str, object]:
        usage = shutil.disk_usage(self.root)
        return {"total_disk": size_bucket(usage.total), "free_disk": size_bucket(usage.free)}
