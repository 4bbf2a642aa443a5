"""The operator's own record: every report that has left, exactly as it was sent."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DELIVERED = """
    SELECT body, status FROM usage_metrics_report WHERE state = 'delivered' ORDER BY settled_at, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A report that was delivered, and the answer of the collector."""

    body: dict[str, Any]
    size: int
    status: int

    @property
    def category(self) -> str:
        """Install, Upgrade or Heartbeat; or the category of what a campaign has measured."""
        return str(next(event["category"] for event in self.body["events"]))

    @property
    def facts(self) -> dict[str, str]:
        return {event["action"]: event.get("name", "") for event in self.body["events"]}


def sent(database: Path) -> list[Sent]:
    """Read what was delivered, in order."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as connection:
        rows = connection.execute(DELIVERED).fetchall()
    return [Sent(body=json.loads(body), size=len(body.encode()), status=s) for body, s in rows]
