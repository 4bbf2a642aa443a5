"""What campaigns have counted, until it is sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models import Count, Sum, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from ..cleaninsights.datapoints import DataPoint, Event
from ..measuring.points import identity_of, point_of
from .fields import InstantField, MomentField
from .rows import PrimaryManager


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def of_campaign(self, campaign_id: str) -> MeasurementQuerySet:
        """Ask for what one campaign has counted, oldest period first."""
        return self.filter(campaign_id=campaign_id).order_by("period_end", "id")

    def of_campaigns(self, campaign_ids: Iterable[str]) -> MeasurementQuerySet:
        """Ask for what any of these campaigns have counted."""
        return self.filter(campaign_id__in=list(campaign_ids))

    def ended_before(self, moment: datetime) -> MeasurementQuerySet:
        """Ask for what was counted in periods that had ended before `moment`."""
        return self.filter(period_end__lt=moment)

    def ending_from(self, moment: datetime) -> MeasurementQuerySet:
        """Ask for what was counted in periods that end at `moment` or later."""
        return self.filter(period_end__gte=moment)

    def most_frequent(self, number: int) -> MeasurementQuerySet:
        """Ask for that many of each campaign, with the number and the sum of all that it has."""
        mine = "campaign_id"
        ranked = self.annotate(
            rank=Window(RowNumber(), partition_by=mine, order_by=["-times", "id"]),
            of_kinds=Window(Count("id"), partition_by=mine),
            of_times=Window(Sum("times"), partition_by=mine),
        )
        return ranked.filter(rank__lte=number).order_by("campaign_id", "rank")


class Measurement(models.Model):
    """What one campaign has counted of one event or visit in one period; it waits to be sealed.

    `value` is aggregated as the campaign says. `digest` stands for campaign, period and identity,
    which together are too long for an index of MariaDB.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    campaign_id = models.CharField(_("campaign"), max_length=255)
    period_start = InstantField(_("period start"))
    period_end = InstantField(_("period end"))
    identity = models.TextField(_("identity"), help_text=_("JSON: the kind, then its texts"))
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
        """Return a row for a point, not saved yet."""
        row = cls(
            digest=digest or digest_of(point),
            campaign_id=point.campaign_id,
            period_start=point.period_start,
            period_end=point.period_end,
            identity=identity_of(point),
        )
        row.count(point)
        return row

    @property
    def point(self) -> DataPoint:
        """Return the point that this row has counted together."""
        return point_of(
            self.identity,
            campaign_id=self.campaign_id,
            period_start=self.period_start,
            period_end=self.period_end,
            times=self.times,
            value=self.value,
        )

    def count(self, point: DataPoint) -> None:
        """Take over what a point has counted."""
        self.times = point.times
        self.value = point.value if isinstance(point, Event) else None


def digest_of(point: DataPoint) -> str:
    """Return what stands for campaign, period and identity of a point: SHA-256 in hex."""
    period = point.period_start.isoformat(), point.period_end.isoformat()
    parts = json.dumps([point.campaign_id, *period, identity_of(point)])
    return hashlib.sha256(parts.encode()).hexdigest()


class CountedJournal(models.Model):
    """A journal whose counts are in the measurements, should its file still be there: never again."""

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
