"""The state of the collector: arrivals, inbox, delays, refusals and the last runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from urllib.parse import urlsplit

from django.db.models import Max, Sum
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext

from .. import health
from ..conf import conf
from ..counting.days import DAY, WEEK
from ..door.refusals import REASONS, UNKNOWN
from ..health import Health
from ..models import Forwarding, Hour, Lateness, Period, Refusal, Site, Span
from ..publishing.newcomers import Newcomer, newcomers
from .charts import Bar, Bars, Figure, Lines, Series, percentage
from .figures import day_name, share, whole, whole_numbers
from .page import Tile

HOUR = timedelta(hours=1)
HOURS_SHOWN, DAYS_SHOWN, WEEKS_COMPARED, IMPORTS_SHOWN = 48, 28, 4, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Refusals of a reason, of one site or of none."""

    reason: str
    site: str
    today: int
    week: int
    is_alarming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A site whose sums are sent to Matomo, the last day that was, and why it fails."""

    site: str
    host: str
    until: date | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Everything on the operations page."""

    health: Health
    tiles: Sequence[Tile]
    figures: Sequence[Figure]
    refusals: Sequence[Refused]
    held: Sequence[Period]
    newcomers: Sequence[Newcomer]
    forwarded: Sequence[Forwarded]


def operations(now: datetime) -> Operations:
    """Look at everything, in a constant number of queries."""
    sites = {site.pk: site.name for site in Site.objects.products()}
    found = health.check(now)
    days = daily(now.date())
    return Operations(
        health=found,
        tiles=tiles(found, now, days),
        figures=[arrivals(now), lateness(now.date()), oddities(days)],
        refusals=refusals(sites, now.date()),
        held=list(
            Period.objects.filter(state=Period.State.HELD).select_related("site").order_by("start")
        ),
        newcomers=list(newcomers(now.date())),
        forwarded=list(forwarded(sites)),
    )


def tiles(found: Health, now: datetime, days: Mapping[date, Mapping[str, int]]) -> list[Tile]:
    age = ""
    if found.oldest:
        age = gettext("oldest: %(age)s") % {"age": timesince(found.oldest, now, depth=1)}
    reports = sum(day["reports"] for day in days.values())
    flagged = sum(day["flagged"] for day in days.values())
    return [
        Tile(title=gettext("Waiting to be counted"), text=whole(found.waiting), note=age),
        Tile(title=gettext("Set aside"), text=whole(found.set_aside)),
        Tile(title=gettext("Self-check"), text=found.self_check),
        Tile(
            title=gettext("Reports with the flag"),
            text=percentage(flagged / reports) if reports else percentage(0),
            note=gettext("They say whether they are the first of their period."),
        ),
    ]


def daily(today: date) -> dict[date, Counter[str]]:
    """Return each day's reports, and those that were odd, of all sites."""
    columns = ("heartbeats", "upgrades", "installs", "flagged", "repeats", "skewed", "late")
    days: dict[date, Counter[str]] = {
        today - n * DAY: Counter() for n in range(DAYS_SHOWN - 1, -1, -1)
    }
    rows = (
        Period.objects.filter(span=Span.DAY, start__in=days)
        .values("start")
        .annotate(**{f"sum_{column}": Sum(column) for column in columns})
    )
    for row in rows:
        counts = Counter({column: row[f"sum_{column}"] for column in columns})
        counts["reports"] = counts["heartbeats"] + counts["upgrades"] + counts["installs"]
        days[row["start"]] = counts
    return days


def arrivals(now: datetime) -> Figure:
    """Draw the reports of each hour, and the median of the same hour of the four weeks before."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - n * HOUR for n in range(HOURS_SHOWN - 1, -1, -1)]
    since = hours[0] - WEEKS_COMPARED * WEEK
    counts = dict(Hour.objects.filter(start__gte=since).values_list("start", "n"))
    usual = [
        median([counts.get(hour - n * WEEK, 0) for n in range(1, WEEKS_COMPARED + 1)])
        for hour in hours
    ]
    received = sum(counts.get(hour, 0) for hour in hours[-25:-1])
    return Figure(
        anchor="arrivals",
        title=gettext("Reports received by hour"),
        says=gettext("%(number)s reports in the last 24 whole hours, usually %(usual)s.")
        % {"number": whole(received), "usual": whole(sum(usual[-25:-1]))},
        unit=gettext("Hour (UTC)"),
        is_wide=True,
        chart=Lines(
            points=[date_format(hour, "j M H:i") for hour in hours],
            series=[
                Series(name=gettext("received"), values=[counts.get(hour, 0) for hour in hours]),
                Series(name=gettext("usually"), values=usual),
            ],
            text=whole_numbers(),
            provisional=1,
        ),
    )


def lateness(today: date) -> Figure:
    """Draw how many days after its day a report arrived."""
    rows = (
        Lateness.objects.filter(day__gt=today - DAYS_SHOWN * DAY)
        .values("days")
        .annotate(total=Sum("n"))
        .values_list("days", "total")
    )
    counts = dict(rows)
    total = sum(counts.values())
    names = {
        0: gettext("the same day"),
        1: gettext("1 day late"),
        2: gettext("2 to 7 days late"),
        8: gettext("8 to 30 days late"),
        31: gettext("more than 30 days late"),
    }
    bars = [
        Bar(name=name, value=counts.get(days, 0), share=counts.get(days, 0) / total)
        for days, name in names.items()
        if total
    ]
    says = gettext("No report was received in the last four weeks.")
    if total:
        says = gettext("%(share)s of the reports arrived on their day.") % {
            "share": percentage(counts.get(0, 0) / total)
        }
    return Figure(
        anchor="lateness",
        title=gettext("Delay of reports"),
        says=says,
        unit=gettext("Delay"),
        chart=Bars(bars=bars, heads=[gettext("Reports"), share()], text=whole_numbers()),
    )


def oddities(days: Mapping[date, Mapping[str, int]]) -> Figure:
    """Draw repeats, late reports and wrong clocks by day."""
    names = {
        "repeats": gettext("repeated"),
        "late": gettext("late"),
        "skewed": gettext("wrong clock"),
    }
    totals = {column: sum(day[column] for day in days.values()) for column in names}
    return Figure(
        anchor="oddities",
        title=gettext("Repeats, late reports and wrong clocks"),
        says=gettext("%(repeats)s repeats, %(late)s late and %(skewed)s with a wrong clock.")
        % {column: whole(total) for column, total in totals.items()},
        unit=gettext("Day"),
        chart=Lines(
            points=[day_name(day) for day in days],
            series=[
                Series(name=name, values=[day[column] for day in days.values()])
                for column, name in names.items()
            ],
            text=whole_numbers(),
        ),
    )


def refusals(sites: Mapping[int, str], today: date) -> list[Refused]:
    """Return the refusals of a week, the most frequent first."""
    counts: dict[tuple[str, int], Counter[str]] = {}
    for row in Refusal.objects.filter(day__gt=today - WEEK):
        count = counts.setdefault((row.reason, row.site_id), Counter())
        count["week"] += row.n
        count["today"] += row.n if row.day == today else 0
    return [
        Refused(
            reason=str(REASONS.get(reason, reason)),
            site=site_name(site_id, sites),
            today=count["today"],
            week=count["week"],
            is_alarming=reason == UNKNOWN,
        )
        for (reason, site_id), count in sorted(counts.items(), key=lambda item: -item[1]["week"])
    ]


def forwarded(sites: Mapping[int, str]) -> Iterator[Forwarded]:
    """Yield the sites that are forwarded; without any there is no query."""
    targets = conf.FORWARD
    if not targets:
        return
    days = Period.objects.filter(site__in=list(targets), span=Span.DAY, forwarded_at__isnull=False)
    until = dict(days.order_by().values_list("site").annotate(Max("start")))
    problems = dict(Forwarding.objects.values_list("site", "detail"))
    for number, target in targets.items():
        yield Forwarded(
            site=site_name(number, sites),
            host=urlsplit(target.url).hostname or "",
            until=until.get(number),
            problem=problems.get(number, ""),
        )


def site_name(site_id: int, sites: Mapping[int, str]) -> str:
    if not site_id:
        return ""
    return sites.get(site_id) or gettext("site %(id)s") % {"id": site_id}
