"""The public page of a site, computed from its publications and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter
from statistics import median_low
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.translation import gettext

from ..counting.days import DAY, WEEK
from ..models import Fact, Publication, Site, Span
from . import figures
from .charts import Bar, Bars, Figure
from .figures import Table, whole

DAYS_SHOWN, WEEKS_SHOWN, MONTHS_SHOWN = 90, 26, 12
FOLDERS = {Span.DAY: "days", Span.WEEK: "weeks", Span.MONTH: "months"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A usage in the newest month."""

    name: str
    period: str
    installations: str
    median: int | None
    chart: Bars


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPage:
    """Everything on the public page."""

    site: Site
    headline: str  # "12,400", or empty while nothing is published
    as_of: date | None
    activity: Sequence[Figure]
    versions: Sequence[Figure]
    facts: Sequence[Sequence[Figure]]
    tables: Sequence[Table]
    usage: Sequence[Used]
    newest: Mapping[str, str]  # folder -> name of its newest file, without .json
    unusual: Sequence[tuple[date, str]]


class Published:
    """The newest publications of a site, oldest first, by their first day."""

    def __init__(self, site: Site, publications: Iterable[Publication]) -> None:
        self.site = site
        self.by_span: dict[str, dict[date, dict[str, Any]]] = {span: {} for span in Span.values}
        for publication in publications:
            self.by_span[publication.span][publication.start] = json.loads(publication.body)

    def starts(self, span: Span, step: Any = None) -> list[date]:
        """Return the first days of the periods between the first and the last, gaps included."""
        found = list(self.by_span[span])
        if not found or step is None:
            return found
        return [found[0] + n * step for n in range((found[-1] - found[0]) // step + 1)]

    def installations(self, span: Span, starts: Iterable[date]) -> dict[date, int | None]:
        return {start: self.by_span[span].get(start, {}).get("installations") for start in starts}

    def cells(self, span: Span, fact: str, starts: Iterable[date]) -> dict[date, dict[str, int]]:
        facts = {start: self.by_span[span].get(start, {}).get("facts", {}) for start in starts}
        return {start: found.get(fact, {}).get("values", {}) for start, found in facts.items()}

    def latest(self, span: Span) -> dict[str, Any]:
        return next(reversed(self.by_span[span].values()), {})


def state(site: Site) -> tuple[Any, ...]:
    """Return everything that the page depends on, apart from the day. Two cheap queries."""
    written = Publication.objects.filter(site=site).aggregate(
        number=Count("pk"), newest=Max("pk"), written=Max("published_at")
    )
    facts = site.facts.filter(is_public=True, is_declared=True)
    return (
        (site.name, site.slug, site.learn_more),
        tuple(written.values()),
        tuple(facts.values_list("name", "kind", "description", "purpose")),
    )


def read(site: Site, today: date) -> Published:
    """Read the publications for the page in one query."""
    since = {
        Span.DAY: today - DAYS_SHOWN * DAY,
        Span.WEEK: today - WEEKS_SHOWN * WEEK,
        Span.MONTH: date(today.year - 1, today.month, 1),
    }
    wanted = Q()
    for span, start in since.items():
        wanted |= Q(span=span, start__gte=start)
    return Published(site, Publication.objects.filter(wanted, site=site).order_by("start"))


def page(site: Site, today: date) -> PublicPage:
    """Lay out the public page: two queries."""
    numbers = read(site, today)
    facts = {fact.name: fact for fact in site.facts.filter(is_public=True, is_declared=True)}
    days = numbers.starts(Span.DAY, DAY)
    latest = list(numbers.installations(Span.DAY, numbers.starts(Span.DAY)[-7:]).values())
    return PublicPage(
        site=site,
        headline=whole(headline_of(latest)) if latest else "",
        as_of=days[-1] if days else None,
        activity=list(activity(numbers)),
        versions=list(versions(numbers)),
        facts=list(fact_figures(numbers, facts)),
        tables=list(tables(numbers)),
        usage=list(usage(numbers)),
        newest={
            folder: name_of(span, numbers.starts(span)[-1])
            for span, folder in FOLDERS.items()
            if numbers.by_span[span]
        },
        unusual=[
            (start, content["unusual"])
            for start, content in numbers.by_span[Span.DAY].items()
            if content["unusual"]
        ],
    )


def headline_of(latest: Sequence[int | None]) -> int:
    """Return the median of the newest days, which is a number that was published."""
    return median_low(n for n in latest if n is not None)


def activity(numbers: Published) -> Iterator[Figure]:
    titles = {
        Span.DAY: (gettext("Active installations by day"), gettext("Day"), DAY),
        Span.WEEK: (gettext("Active installations by week"), gettext("Week from"), WEEK),
        Span.MONTH: (gettext("Active installations by month"), gettext("Month"), None),
    }
    for span, (title, unit, step) in titles.items():
        starts = numbers.starts(span, step)
        counts = numbers.installations(span, starts)
        before = counts.get(starts[-1] - 4 * WEEK) if starts else None
        name = figures.month_name if span == Span.MONTH else figures.day_name
        yield figures.activity(
            anchor=f"by-{span.name.lower()}",
            title=title,
            counts=counts,
            before=before,
            names=[name(start) for start in starts],
            unit=unit,
            is_wide=span == Span.DAY,
        )


def product_of(numbers: Published) -> str:
    """Return the fact that days have: the product's version."""
    return next(iter(numbers.latest(Span.DAY).get("facts", {})), "")


def versions(numbers: Published) -> Iterator[Figure]:
    product = product_of(numbers)
    if not product:
        return
    days = numbers.starts(Span.DAY, DAY)
    shown = numbers.cells(Span.DAY, product, days)
    by_day = {
        day: with_rest(shown[day], n) for day, n in numbers.installations(Span.DAY, days).items()
    }
    latest, total = shown[days[-1]], numbers.latest(Span.DAY)["installations"]
    over_time = figures.versions(by_day, unit=gettext("Day"))
    yield replace(over_time, says=figures.leader(latest, total))
    yield figures.adoption(by_day)
    yield figures.at_least(latest, total=total)


def with_rest(values: Mapping[str, int], total: int | None) -> dict[str, int]:
    """Add the installations whose version is not published, so that shares are those of all."""
    rest = (total or 0) - sum(values.values())
    return {**values, gettext("not shown"): rest} if rest > 0 else dict(values)


def fact_figures(numbers: Published, facts: Mapping[str, Fact]) -> Iterator[list[Figure]]:
    """Yield the values of each public fact, and the trend of the most frequent ones."""
    weeks = numbers.starts(Span.WEEK, WEEK)
    latest = numbers.latest(Span.WEEK)
    product = product_of(numbers)
    for number, (name, content) in enumerate(latest.get("facts", {}).items()):
        if name == product or name not in facts:
            continue
        cells = numbers.cells(Span.WEEK, name, weeks)
        before = numbers.by_span[Span.WEEK].get(weeks[-1] - 4 * WEEK, {})
        words = [facts[name].description, facts[name].purpose]
        is_version = content["kind"] == Fact.Kind.VERSION
        yield [
            figures.values_of(
                anchor=f"fact-{number}",
                title=name,
                description=" ".join(filter(None, words)),
                now=content["values"],
                total=latest["installations"],
                before=before.get("facts", {}).get(name, {}).get("values"),
                total_before=before.get("installations"),
                is_version=is_version,
            ),
            figures.trend(
                anchor=f"trend-{number}",
                title=gettext("%(fact)s over time") % {"fact": name},
                cells=cells,
                is_version=is_version,
                absent=None,
            ),
        ]


def tables(numbers: Published) -> Iterator[Table]:
    latest = numbers.latest(Span.WEEK)
    for number, (name, rows) in enumerate(latest.get("pairs", {}).items()):
        yield figures.cross_table(
            anchor=f"table-{number}",
            title=gettext("%(fact)s by version") % {"fact": name},
            pairs={(row, value): n for row, cells in rows.items() for value, n in cells.items()},
            says=gettext("Installations in the week from %(day)s. What is blank is not published.")
            % {"day": figures.day_name(date.fromisoformat(latest["first"]))},
        )


def usage(numbers: Published) -> Iterator[Used]:
    """Yield the newest period of each usage in the newest month."""
    newest = {
        (used["category"], used["action"], used["name"]): used
        for used in sorted(numbers.latest(Span.MONTH).get("usage", []), key=itemgetter("start"))
    }
    for used in newest.values():
        total = used["installations"]
        start = figures.day_name(date.fromisoformat(used["start"]))
        yield Used(
            name=" / ".join(filter(None, [used["category"], used["action"], used["name"]])),
            period=gettext("%(days)s days from %(start)s") % {"days": used["days"], "start": start},
            installations=whole(total),
            median=used["median"],
            chart=Bars(
                bars=[
                    Bar(
                        name=gettext("%(number)s or more uses") % {"number": bucket},
                        value=n,
                        share=n / total,
                    )
                    for bucket, n in used["buckets"].items()
                ],
                heads=[figures.installations(), figures.share()],
                text=whole,
            ),
        )


def index(site: Site) -> dict[str, Any]:
    """Return ``data.json``: the published periods and the meaning of facts. Two queries."""
    periods: dict[str, list[str]] = {folder: [] for folder in FOLDERS.values()}
    rows = Publication.objects.filter(site=site).order_by("start").values_list("span", "start")
    for span, start in rows:
        periods[FOLDERS[Span(span)]].append(name_of(span, start))
    facts = site.facts.filter(is_public=True, is_declared=True)
    return {
        "format": 1,
        "product": site.name,
        "unit": "installations",
        "facts": {
            fact.name: {
                "kind": fact.kind,
                "description": fact.description,
                "purpose": fact.purpose,
            }
            for fact in facts
        },
        "periods": periods,
        "newest": {folder: names[-1] for folder, names in periods.items() if names},
    }


def badge(site: Site) -> dict[str, Any]:
    """Return ``badge.json`` for shields.io: the median of the last seven published days."""
    bodies = (
        Publication.objects.filter(site=site, span=Span.DAY)
        .order_by("-start")
        .values_list("body", flat=True)[:7]
    )
    latest = [json.loads(body)["installations"] for body in bodies]
    message = f"about {headline_of(latest):,}" if latest else "not published yet"
    return {"schemaVersion": 1, "label": "active installations", "message": message}


def rows(site: Site) -> Iterator[tuple[str, str, str, str, int]]:
    """Yield ``data.csv``: span, first day, fact, value, installations."""
    for body in (
        Publication.objects.filter(site=site)
        .order_by("start", "span")
        .values_list("body", flat=True)
    ):
        content = json.loads(body)
        head = content["span"], content["first"]
        yield *head, "", "", content["installations"]
        for name, fact in content.get("facts", {}).items():
            for value, n in fact["values"].items():
                yield *head, name, value, n


def name_of(span: str, start: date) -> str:
    """Return the name of a publication's file, without .json."""
    if span == Span.WEEK:
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02}"
    return start.isoformat() if span == Span.DAY else f"{start:%Y-%m}"


def start_of(span: str, name: str) -> date:
    """Return the first day of a file's period; raises ValueError for a name of no period."""
    if span == Span.WEEK:
        start = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
    else:
        start = date.fromisoformat(name if span == Span.DAY else f"{name}-01")
    if name_of(span, start) != name:
        raise ValueError(name)
    return start
