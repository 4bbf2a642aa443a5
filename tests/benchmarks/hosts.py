"""Hosts: the project in ``project/`` as one side or the other, each in a process of its own."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .distributions import APPS
from .loopback import HERE, NOWHERE

PROJECT = Path(__file__).parent / "project"
SIDES = ("ours", "peer")
ALL = ("bare", *SIDES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How one host differs from another; its settings read this as JSON.

    `side` is `ours`, `peer` or `bare`: with neither app. A database that is not `durable` leaves it
    to the system when it writes to the disk.
    """

    side: str
    database: str = ":memory:"
    durable: bool = True
    collector: str = ""
    broker: str = "memory://"
    broker_options: dict[str, str] = field(default_factory=dict)
    celery: bool = True
    eager: bool = False
    apps: list[str] = field(default_factory=lambda: list(APPS))
    campaigns: int = 0
    state: str | None = None

    def environment(self, *, library: Path, folder: Path) -> dict[str, str]:
        """The whole environment of its processes: nothing of ours may silence or speed up a side.

        The proxy that is not there is for whatever would leave this machine.
        """
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "BENCHMARK_HOST": json.dumps(asdict(self)),
            "DJANGO_SETTINGS_MODULE": "product.settings",
            "PYTHONPATH": os.pathsep.join([str(PROJECT), str(library)]),
            "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
            "http_proxy": NOWHERE,
            "https_proxy": NOWHERE,
            "no_proxy": HERE,
        }
