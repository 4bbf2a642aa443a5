"""The day of the installation, which only this app's own rows know."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..cleaninsights.clock import Clock, utc_now
from ..models import Snapshot
from .probe import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledAt:
    """Reports the day on which the product was first seen here."""

    heading = "Date of installation"
    facts = (
        Fact(
            name="installed_at",
            description="The day on which the product was installed.",
            example="2026-03-01",
            purpose="To know how long installations stay in use.",
            coarsened="The day only, in UTC.",
        ),
    )

    clock: Clock = utc_now

    def gather(self) -> Mapping[str, object]:
        snapshot = Snapshot.objects.current()
        moment = snapshot.installed_at if snapshot else self.clock()
        return {"installed_at": moment.date()}
