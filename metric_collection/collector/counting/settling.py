"""Settling: small counts become "(rare)", and all rows of the period are written anew.

They are written anew in the order of their facts and values, because row ids and PostgreSQL's ``xmin`` would
otherwise show which counts one report has touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest, TruncMonth

from ..conf import conf
from ..models import Cell, Fact, Pair, Period, Site, Span, Spread, Usage, UsageName, Value, digest
from ..models.rows import atomic
from .catalog import CHUNK, chunks
from .days import DAY, end_of, start_of
from .failures import Failures

AFTER = timedelta(days=3)
USAGE_AFTER = timedelta(days=7)
RARE = "(rare)"


def settle(today: date) -> int:
    """Settle every period that is due, each in a transaction of its own; return how many.

    Raises SitesFailedError in the end if some could not be settled.
    """
    failures = Failures()
    due = [
        period
        for period in Period.objects.filter(is_folded=False).order_by("start", "span", "site")
        if end_of(period.span, period.start) + AFTER <= today
    ]
    for period in due:
        with failures.of(period.site_id):
            settle_period(period, today)
    usage_due = _usage_due(today)
    for site_id, start, days in usage_due:
        with failures.of(site_id):
            settle_usage(site_id, start, days)
    _coarsen(today - AFTER)
    failures.raise_if_any()
    return len(due) + len(usage_due)


def settle_period(period: Period, today: date) -> None:
    """Settle a day, week or month. A late report makes it necessary once more."""
    with atomic(Period):
        Site.objects.locked([period.site_id])
        cells = Cell.objects.filter(
            fact__in=Fact.objects.filter(site=period.site_id), span=period.span, start=period.start
        )
        folded = Folded(cells)
        cells.delete()
        Cell.objects.bulk_create(
            [
                Cell(fact_id=fact_id, value_id=value_id, span=period.span, start=period.start, n=n)
                for (fact_id, value_id), n in sorted(folded.cells.items())
            ],
            batch_size=CHUNK,
        )
        if period.span == Span.WEEK:
            _settle_pairs(period, folded)
            if period.state == Period.State.OPEN:  # not what late reports add to a week
                _note_qualified(folded, today)
        _delete_unused(folded.facts_of)
        _close(period)


class Folded:
    """The cells of a period after folding: (fact, value) -> n."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.facts_of: dict[int, int] = {}
        self.cells: Counter[tuple[int, int]] = Counter()
        self._rare: dict[int, int] = {}
        for cell in cells:
            self.facts_of[cell.value_id] = cell.fact_id
            value_id = cell.value_id if cell.n >= conf.STORED_MINIMUM else self.rare(cell.fact_id)
            self.cells[cell.fact_id, value_id] += cell.n

    def rare(self, fact_id: int) -> int:
        """Return the id of the fact's "(rare)"."""
        if fact_id not in self._rare:
            role = Value.Role.RARE
            seen = {"first_seen": date.min, "last_seen": date.min}
            value, _ = Value.objects.get_or_create(
                fact_id=fact_id, role=role, digest=digest(""), defaults=seen
            )
            self._rare[fact_id] = value.pk
        return self._rare[fact_id]


def _settle_pairs(period: Period, folded: Folded) -> None:
    """Fold the pairs of a week: first the value becomes "(rare)", and if that is not enough, the version."""
    pairs = list(_pairs(period, folded.facts_of))
    facts_of = dict(
        Value.objects.filter(
            pk__in={pk for p in pairs for pk in (p.value_id, p.by_id)}
        ).values_list("pk", "fact_id")
    )
    by_value: Counter[tuple[int, int]] = Counter()
    for pair in pairs:
        if not {pair.value_id, pair.by_id} <= facts_of.keys():
            continue  # its value was erased
        is_rare = pair.n < conf.STORED_MINIMUM
        value_id = folded.rare(facts_of[pair.value_id]) if is_rare else pair.value_id
        by_value[value_id, pair.by_id] += pair.n
    by_both: Counter[tuple[int, int]] = Counter()
    for (value_id, by_id), n in by_value.items():
        is_rare = n < conf.STORED_MINIMUM
        by_both[value_id, folded.rare(facts_of[by_id]) if is_rare else by_id] += n
    for chunk in chunks(pair.pk for pair in pairs):
        Pair.objects.filter(pk__in=chunk).delete()
    Pair.objects.bulk_create(
        [
            Pair(start=period.start, value_id=value_id, by_id=by_id, n=n)
            for (value_id, by_id), n in sorted(by_both.items())
        ],
        batch_size=CHUNK,
    )


def _pairs(period: Period, facts_of: dict[int, int]) -> Iterator[Pair]:
    """The pairs of a week's values; those that were folded before are among the "(rare)" values."""
    rare = Value.objects.filter(fact__site=period.site_id, role=Value.Role.RARE)
    for chunk in chunks({*facts_of, *rare.values_list("pk", flat=True)}):
        yield from Pair.objects.filter(value__in=chunk, start=period.start)


def _note_qualified(folded: Folded, today: date) -> None:
    """Note the day for the values that enough installations have for the first time."""
    unknown = Q(qualified_on=None) | Q(qualified_on__gt=today)  # by a clock that was wrong
    many = [value_id for (_, value_id), n in folded.cells.items() if n >= conf.PUBLIC_MINIMUM]
    for chunk in chunks(many):
        Value.objects.filter(unknown, pk__in=chunk).update(qualified_on=today)


def _delete_unused(facts_of: dict[int, int]) -> None:
    """Delete values that no cell and no pair has any more: their texts may belong to one installation."""
    for chunk in chunks(facts_of):
        facts = {facts_of[value_id] for value_id in chunk}
        used = {
            *Cell.objects.filter(fact__in=facts, value__in=chunk).values_list("value", flat=True),
            *Pair.objects.filter(value__in=chunk).values_list("value", flat=True),
            *Pair.objects.filter(by__in=chunk).values_list("by", flat=True),
        }
        unused = Value.objects.filter(pk__in=set(chunk) - used)
        unused.exclude(role=Value.Role.RARE).delete()


def _close(period: Period) -> None:
    """Mark the period as settled, and let its week and month know how large this day was."""
    this = Period.objects.filter(pk=period.pk)
    this.update(is_folded=True)
    this.filter(state=Period.State.OPEN).update(state=Period.State.SETTLED)
    if period.span == Span.DAY:
        size = this.values_list("installations", flat=True).get()
        for span in (Span.WEEK, Span.MONTH):
            longer = Period.objects.filter(
                site=period.site_id, span=span, start=start_of(span, period.start)
            )
            longer.update(largest_day=Greatest(F("largest_day"), size))


def _usage_due(today: date) -> list[tuple[int, date, int]]:
    """The usage periods that are over for a week: (site, start, days)."""
    rows = (
        Usage.objects.filter(is_folded=False, start__lte=today - USAGE_AFTER)
        .values_list("usage_name__site", "start", "days")
        .distinct()
        .order_by("start", "days", "usage_name__site")
    )
    return [
        (site_id, start, days)
        for site_id, start, days in rows
        if start + max(1, days) * DAY + USAGE_AFTER <= today
    ]


def settle_usage(site_id: int, start: date, days: int) -> None:
    """Settle one period of usage: a name that few installations counted becomes "(rare)", without sums."""
    with atomic(Usage):
        Site.objects.locked([site_id])
        rows = Usage.objects.filter(usage_name__site=site_id, start=start, days=days)
        spreads = {row.pk: dict(row.spread.values_list("bucket", "installations")) for row in rows}
        few = [row for row in rows if row.installations < conf.STORED_MINIMUM]
        rare = [row for row in [_rare_usage(site_id, start, days, few)] if row is not None]
        kept = [row for row in rows if row.installations >= conf.STORED_MINIMUM]
        kept = [row for row in kept if not rare or row.usage_name_id != rare[0].usage_name_id]
        names = [row.usage_name_id for row in few]
        Spread.objects.filter(usage__in=list(spreads)).delete()
        rows.delete()
        for row in sorted([*kept, *rare], key=lambda row: row.usage_name_id):
            spread = merged(spreads.get(row.pk, {})) if row in kept else {}
            row.pk, row.is_folded = None, True
            row.save(force_insert=True)
            Spread.objects.bulk_create(
                Spread(usage=row, bucket=bucket, installations=n)
                for bucket, n in sorted(spread.items())
            )
        unused = UsageName.objects.filter(pk__in=names, usages=None)
        unused.delete()


def _rare_usage(site_id: int, start: date, days: int, few: list[Usage]) -> Usage | None:
    """Return a row for all of these names together, added to the one of an earlier run."""
    if not few:
        return None
    name, _ = UsageName.objects.get_or_create(
        site_id=site_id,
        digest=digest(RARE, RARE, None),
        defaults={"category": RARE, "action": RARE, "has_name": False, "first_seen": date.min},
    )
    before = Usage.objects.filter(usage_name=name, start=start, days=days).first()
    others = [row for row in few if row.usage_name_id != name.pk]
    number = sum(row.installations for row in others) + (before.installations if before else 0)
    sums = {"times": 0, "value_sum": 0.0, "weighted_sum": 0.0}
    return Usage(usage_name=name, start=start, days=days, installations=number, **sums)


def merged(spread: dict[int, int]) -> dict[int, int]:
    """Merge each bucket of few installations into the next smaller one, the smallest into the next."""
    found: list[tuple[int, int]] = []
    carried = 0
    for bucket, n in sorted(spread.items(), reverse=True):
        carried += n
        if carried >= conf.STORED_MINIMUM:
            found.append((bucket, carried))
            carried = 0
    if carried:
        bucket, n = found.pop() if found else (min(spread), 0)
        found.append((bucket, n + carried))
    return dict(found)


def _coarsen(until: date) -> None:
    """Cut first days that are older to their months: no cell shows the day any more."""
    for model in (Value, UsageName):
        rows = model.objects.filter(first_seen__lt=until).exclude(first_seen__day=1)
        rows.update(first_seen=TruncMonth("first_seen"))
