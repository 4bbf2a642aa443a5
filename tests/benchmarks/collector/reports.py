"""Reports of a product with eleven facts, as a fleet of many versions and systems sends them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime

PRODUCT = "Acme Version"
FIRSTS = {"day": 24, "day week": 4, "day week month": 1, "nothing": 1}
SHARES = {
    "os_version": {
        "Debian 12": 34,
        "Ubuntu 24.04": 27,
        "Ubuntu 22.04": 14,
        "Debian 13": 11,
        "Alpine 3.20": 8,
    },
    "kernel_version": {"6.1.0": 38, "6.8.0": 27, "5.15.0": 14, "6.12.0": 13, "6.6.0": 8},
    "python_version": {"3.12": 41, "3.11": 33, "3.13": 16, "3.10": 10},
    "Installation Method": {"docker": 56, "pip": 22, "ansible": 15, "unspecified": 7},
    "database": {"PostgreSQL": 61, "SQLite": 24, "MariaDB": 15},
    "users": {"1-9": 46, "10-99": 37, "100-999": 14, "1000-9999": 3},
}
MODULES = ("acme-labels", "acme-maps", "acme-net", "acme-users")


def facts_of(chance: random.Random) -> dict[str, str]:
    """One installation's facts: eleven, some of many values."""

    def pick(shares: Mapping[str, int]) -> str:
        return chance.choices(list(shares), list(shares.values()))[0]

    versions = {name: f"1.{min(9, int(chance.expovariate(0.7)))}.0" for name in MODULES}
    return {
        PRODUCT: f"2.{9 - min(9, int(chance.expovariate(0.8)))}.{chance.randrange(3)}",
        **{name: pick(shares) for name, shares in SHARES.items()},
        **versions,
    }


def reports(number: int, *, at: datetime, seed: int = 1) -> Iterator[bytes]:
    """Bodies of this hour."""
    chance = random.Random(seed)
    start = int(at.timestamp())
    period = {"value": 1, "times": 1, "period_start": start, "period_end": start}
    for _ in range(number):
        first = chance.choices(list(FIRSTS), list(FIRSTS.values()))[0]
        facts = {**facts_of(chance), "first_report_of": first}
        events = [
            {"category": "Heartbeat", "action": name, "name": text, **period}
            for name, text in facts.items()
        ]
        yield json.dumps({"idsite": 5, "events": events}).encode()
