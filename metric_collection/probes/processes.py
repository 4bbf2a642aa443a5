"""How many processes do the product's work, and on how many machines: known to this app's own rows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from ..cleaninsights.clock import utc_now
from ..models import Sighting
from .deployment import reaches_out
from .probe import Fact
from .values.buckets import UNEVEN, count_bucket

HOUR: Final = timedelta(hours=1)  # between two sightings of a process
DAY: Final = timedelta(days=1)
USUALLY = f"In most hours of the last day. {UNEVEN}"


class Processes:
    """Reports how many processes are at work, and whether they and their services share a machine."""

    facts = (
        Fact(
            name="web_processes",
            description="How many processes answer requests.",
            example="2-4",
            purpose="To know how much the product has to do at the same time.",
            coarsened=USUALLY,
        ),
        Fact(
            name="celery_workers",
            description="How many Celery workers run tasks, each counted once with all its children.",
            example="1",
            purpose="To know how much the product has to do at the same time.",
            coarsened=USUALLY,
        ),
        Fact(
            name="nodes",
            description="Whether everything is on one machine: single or several.",
            example="single",
            purpose="To know whether the product has to work across machines.",
            coarsened="By where database, cache and broker are, and where processes were seen.",
        ),
    )

    def __init__(
        self, *, settings: Any = settings, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._settings = settings
        self._clock = clock

    def gather(self) -> Mapping[str, object]:
        now = self._clock()
        seen = list(Sighting.objects.since(now - DAY))
        is_spread = reaches_out(self._settings) or usual(by_machine(seen), now) > 1
        return {
            "web_processes": _bucket(seen, Sighting.Kind.WEB, now),
            "celery_workers": _bucket(seen, Sighting.Kind.WORKER, now),
            "nodes": "several" if is_spread else "single",
        }


def usual(groups: Iterable[Sequence[Sighting]], now: datetime) -> int:
    """How many of these groups of processes were at work in most of the hours of the last day.

    What is started anew is there twice in one of them, and what is switched off in none.
    """
    spans = [
        (min(each.begun_at for each in group), max(each.seen_at for each in group) + HOUR)
        for group in groups
    ]
    moments = (now - HOUR * hours for hours in range(DAY // HOUR))
    numbers = [sum(begun <= moment <= end for begun, end in spans) for moment in moments]
    at_work = sorted(filter(None, numbers))
    return at_work[len(at_work) // 2] if at_work else 0


def by_machine(sightings: Iterable[Sighting]) -> Iterable[Sequence[Sighting]]:
    """The processes of each machine that could be told."""
    machines: defaultdict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        machines[sighting.machine].append(sighting)
    return [group for name, group in machines.items() if name]


def _bucket(seen: Sequence[Sighting], kind: Sighting.Kind, now: datetime) -> str | None:
    """The usual number of a kind; None before anything was seen at all."""
    number = usual([[each] for each in seen if each.kind == kind], now)
    return count_bucket(number) if seen else None
