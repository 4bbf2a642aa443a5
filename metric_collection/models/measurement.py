"""Measurements of campaigns until they are sealed into reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

from django.db import models
from django.db.models import Count, Sum, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from ..cleaninsights.campaigns import Campaign
from ..cleaninsights.datapoints import DataPoint, Event, identity_of, key_of, other, point_of
from ..measuring.policy import MOST_NAMES
from .fields import ExactCharField, InstantField, MomentField
from .rows import PrimaryManager


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def of_campaign(self, campaign_id: str) -> MeasurementQuerySet:
        """Return the measurements of one campaign, oldest period first."""
        return self.filter(campaign_id=campaign_id).order_by("period_end", "id")

    def ended_before(self, moment: datetime) -> MeasurementQuerySet:
        """Return the measurements of periods that ended before `moment`."""
        return self.filter(period_end__lt=moment)

    def most_frequent(self, number: int) -> MeasurementQuerySet:
        """Return the `number` most frequent ones of each campaign, with the count and sum of all its rows."""
        mine = "campaign_id"
        ranked = self.annotate(
            rank=Window(RowNumber(), partition_by=mine, order_by=["-times", "id"]),
            of_kinds=Window(Count("id"), partition_by=mine),
            of_times=Window(Sum("times"), partition_by=mine),
        )
        return ranked.filter(rank__lte=number).order_by("campaign_id", "rank")


class Measurement(models.Model):
    """One event or visit, aggregated for one campaign and period, and not sealed yet.

    `value` is aggregated by the campaign's rule. `digest` is a hash of campaign, period and identity,
    which together are too long for an index of MariaDB.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    campaign_id = ExactCharField(_("campaign"), max_length=255)
    period_start = InstantField(_("period start"))
    period_end = InstantField(_("period end"))
    identity = models.TextField(_("identity"), help_text=_("JSON: the kind, then its strings"))
    times = models.PositiveBigIntegerField(_("times"))
    value = models.FloatField(_("value"), null=True)

    objects = PrimaryManager.from_queryset(MeasurementQuerySet)()

    class Meta:
        verbose_name = _("measurement")
        verbose_name_plural = _("measurements")
        default_permissions = ()
        indexes = [
            models.Index(fields=["campaign_id", "period_end"], name="usage_metrics_measurement_due")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.identity}: {self.times}"

    @classmethod
    def of(cls, point: DataPoint, *, digest: str | None = None) -> Measurement:
        """Return an unsaved row for a point."""
        return cls(
            digest=digest or digest_of(point),
            campaign_id=point.campaign_id,
            period_start=point.period_start,
            period_end=point.period_end,
            identity=identity_of(point),
            times=point.times,
            value=point.value if isinstance(point, Event) else None,
        )

    @property
    def point(self) -> DataPoint:
        """The aggregated point."""
        return point_of(
            self.identity,
            campaign_id=self.campaign_id,
            period_start=self.period_start,
            period_end=self.period_end,
            times=self.times,
            value=self.value,
        )


def digest_of(point: DataPoint) -> str:
    """Return the SHA-256 of campaign, period and identity of a point, in hex."""
    return hashlib.sha256(json.dumps(key_of(point)).encode()).hexdigest()


class CountedJournal(models.Model):
    """A journal that is counted and may still have a file; prevents counting a journal twice."""

    key = models.CharField(max_length=32, primary_key=True)
    counted_at = MomentField(_("counted at"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("counted journal")
        verbose_name_plural = _("counted journals")
        default_permissions = ()
        indexes = [models.Index(fields=["counted_at"], name="usage_metrics_journal_counted")]

    def __str__(self) -> str:
        return self.key


Counted: TypeAlias = tuple[Campaign, DataPoint]
Group: TypeAlias = tuple[str, datetime]  # campaign id and end of the period

CHUNK: Final = 500  # rows that one statement names
MOST_ROWS: Final = MOST_NAMES + 100  # of one campaign and period, those named "other" included
MOST_SEALED: Final = MOST_ROWS  # points in one report


def count(counted: Iterable[Counted]) -> None:
    """Count points into the rows of their periods, in order, as their campaigns aggregate.

    A campaign and period has at most MOST_NAMES different rows. Further names are counted as "other"
    of their category and action, and left out once there are MOST_ROWS. The caller holds consent, so
    that no other process adds rows.
    """
    points, sizes = iter(counted), dict[Group, int]()
    # In chunks, as databases limit the parameters of a statement.
    while chunk := list(islice(points, CHUNK)):
        _count(chunk, sizes)


def _count(chunk: Sequence[Counted], sizes: dict[Group, int]) -> None:
    # By digest, each point and its replacement for the case that there are too many names.
    choices = [
        (campaign, {digest_of(each): each for each in (point, other(point))})
        for campaign, point in chunk
    ]
    digests = {digest for _campaign, found in choices for digest in found}
    rows = {row.digest: row.point for row in Measurement.objects.filter(digest__in=digests)}
    learn_sizes(choices, rows, sizes)
    changed: dict[str, DataPoint] = {}
    for campaign, found in choices:
        # A point that is named "other" already has no replacement, and the higher limit.
        limits = (MOST_NAMES, MOST_ROWS)[-len(found) :]
        for (digest, point), most in zip(found.items(), limits, strict=True):
            known = changed.get(digest) or rows.get(digest)
            if known is None and sizes[group_of(point)] >= most:
                continue
            if known is None:
                sizes[group_of(point)] += 1
            changed[digest] = campaign.merged(known, point) if known else point
            break
    rows_to_write = [Measurement.of(point, digest=digest) for digest, point in changed.items()]
    Measurement.objects.upsert(rows_to_write, key="digest", fields=["times", "value"])


def group_of(point: DataPoint) -> Group:
    """Return the campaign and period within which the name of a point counts."""
    return point.campaign_id, point.period_end


def learn_sizes(
    choices: Iterable[tuple[Campaign, Mapping[str, DataPoint]]],
    rows: Container[str],
    sizes: dict[Group, int],
) -> None:
    """Look up how many rows there are of the groups to which rows are to be added."""
    points = [next(iter(found.items())) for _campaign, found in choices]
    groups = {group_of(point) for digest, point in points if digest not in rows} - sizes.keys()
    if groups:
        sizes.update(dict.fromkeys(groups, 0))
        found = Measurement.objects.filter(
            campaign_id__in={campaign_id for campaign_id, _end in groups},
            period_end__in={end for _campaign_id, end in groups},
        )
        counted = found.values_list("campaign_id", "period_end").annotate(Count("id"))
        sizes.update({(campaign_id, end): size for campaign_id, end, size in counted})


def take_finished(campaign_id: str, now: datetime) -> list[DataPoint]:
    """Delete and return points of a campaign's finished periods, no more than one report holds."""
    # By key, so that rows added in the meantime are not deleted.
    finished = Measurement.objects.of_campaign(campaign_id).ended_before(now)[:MOST_SEALED]
    points = {row.pk: row.point for row in finished}
    Measurement.objects.filter(pk__in=points).delete()
    return list(points.values())


def unsent(campaign_id: str, now: datetime) -> Iterator[list[DataPoint]]:
    """Yield the points of a campaign report by report: finished periods first, then the rest."""
    rows = Measurement.objects.of_campaign(campaign_id)
    for part in (rows.ended_before(now), rows.filter(period_end__gte=now)):
        points = (row.point for row in part)
        while chunk := list(islice(points, MOST_SEALED)):
            yield chunk


def purge(before: datetime) -> None:
    """Delete measurements that are too old to be sent, and keys of journals from that time."""
    Measurement.objects.ended_before(before).delete()
    CountedJournal.objects.filter(counted_at__lt=before).delete()
