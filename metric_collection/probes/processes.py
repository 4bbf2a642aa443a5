"""The processes of the product, and the machines they run on, which only this app's own rows know."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from ..cleaninsights.clock import utc_now
from ..measuring.buckets import UNEVEN, count_bucket
from ..models import Sighting
from .deployment import reaches_out
from .probe import Fact, Unknown

HOUR: Final = timedelta(hours=1)  # between two sightings of a process
DAY: Final = timedelta(days=1)
USUALLY = f"In most hours of the last day. {UNEVEN}"
UNSEEN = Unknown("no process has been seen yet; each one records itself once an hour")


class Processes:
    """Reports the number of processes and machines, and how long the web processes have been running.

    With ``exact=True`` numbers are sent as they are, instead of in buckets.
    """

    facts = (
        Fact(
            name="web_processes",
            description="The number of processes that answer requests.",
            example="2-4",
            purpose="To know how much the product has to do at the same time.",
            coarsened=USUALLY,
        ),
        Fact(
            name="celery_workers",
            description="The number of Celery workers; one with all its children counts once.",
            example="1",
            purpose="To know how much the product has to do at the same time.",
            coarsened=USUALLY,
        ),
        Fact(
            name="nodes",
            description="Whether everything is on one machine: single or several.",
            example="single",
            purpose="To know whether the product has to work across machines.",
            coarsened="Based on the addresses of services and on where processes were seen.",
        ),
        Fact(
            name="number_of_nodes",
            description="The number of machines on which processes of the product were seen.",
            example="1",
            purpose="To know how large clusters are.",
            coarsened=USUALLY,
        ),
        Fact(
            name="process_uptime",
            description="The hours since the oldest web process was started.",
            example="20-49 hours",
            purpose="To know whether processes run long enough for leaks to show.",
            coarsened=f"Whole hours. {UNEVEN}",
        ),
    )

    def __init__(
        self,
        *,
        exact: bool = False,
        settings: Any = settings,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._exact = exact
        self._settings = settings
        self._clock = clock

    def gather(self) -> Mapping[str, object]:
        now = self._clock()
        seen = list(Sighting.objects.filter(seen_at__gte=now - DAY))
        web = [each for each in seen if each.kind == Sighting.Kind.WEB]
        workers = [each for each in seen if each.kind == Sighting.Kind.WORKER]
        by_machine: defaultdict[str, list[Sighting]] = defaultdict(list)
        for each in seen:
            if each.machine:  # "" if it could not be identified
                by_machine[each.machine].append(each)
        machines = usual(by_machine.values(), now)
        is_spread = reaches_out(self._settings) or machines > 1
        return {
            "web_processes": self._number(usual([[each] for each in web], now)) if seen else UNSEEN,
            "celery_workers": self._number(usual([[each] for each in workers], now))
            if seen
            else UNSEEN,
            "nodes": "several" if is_spread else "single",
            "number_of_nodes": self._number(machines) if machines else UNSEEN,
            "process_uptime": self._uptime(web, now),
        }

    def _number(self, number: int) -> object:
        return number if self._exact else count_bucket(number)

    def _uptime(self, web: Sequence[Sighting], now: datetime) -> str | Unknown:
        """For the processes that were seen in the last two hours: the others may have ended."""
        begun = [each.begun_at for each in web if each.seen_at > now - 2 * HOUR]
        if not begun:
            return Unknown("no web process has been seen in the last two hours")
        return f"{self._number((now - min(begun)) // HOUR)} hours"


def usual(groups: Iterable[Sequence[Sighting]], now: datetime) -> int:
    """How many of these groups of processes were at work in most hours of the last day.

    A process that is restarted counts twice in one hour, and one that is switched off in none.
    """
    spans = [
        (min(each.begun_at for each in group), max(each.seen_at for each in group) + HOUR)
        for group in groups
    ]
    moments = (now - HOUR * hours for hours in range(DAY // HOUR))
    numbers = [sum(begun <= moment <= end for begun, end in spans) for moment in moments]
    at_work = sorted(filter(None, numbers))
    return at_work[len(at_work) // 2] if at_work else 0  # the median
