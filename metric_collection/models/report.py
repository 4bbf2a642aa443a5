"""The outbox and the record: sealed reports, and what came of them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .fields import MomentField
from .rows import PrimaryManager

USAGE = "Usage"
HANDFUL = 20  # reports that are read at a time
LARGEST_KEY = 2**63 - 1


class ReportQuerySet(models.QuerySet["Report"]):
    def queued(self) -> ReportQuerySet:
        """Ask for what has not been settled yet, oldest first."""
        return self.filter(state=Report.State.QUEUED).order_by("id")

    def still_queued(self) -> ReportQuerySet:
        """Ask for what is queued of rows that are found by their keys, in order to change them.

        By the index on the state, which serves no such comparison, MariaDB would lock an entry of it and
        then the row. `settle` does so the other way round: the two at once would end as a deadlock.
        """
        return self.filter(state__contains=Report.State.QUEUED)

    def from_first_queued(self) -> ReportQuerySet:
        """Ask for all that is queued, by their keys, in order to change it."""
        first = self.queued().values_list("pk", flat=True).first()
        return self.filter(pk__gte=LARGEST_KEY if first is None else first).still_queued()

    def in_line(self, *, after: Report | None = None) -> list[Report]:
        """Return the first HANDFUL of those that wait, or that wait behind one of them."""
        return list(self.queued().filter(pk__gt=after.pk if after else 0)[:HANDFUL])

    def unclaimed(self, now: datetime) -> ReportQuerySet:
        """Ask for what no worker is about to post, nor has just posted."""
        return self.queued().exclude(leased_until__gt=now)

    def of_campaign(self, campaign_id: str) -> ReportQuerySet:
        """Ask for what one campaign has counted."""
        return self.filter(campaign_id=campaign_id)

    def has_failed(self) -> ReportQuerySet:
        """Ask for what has come back from an attempt; one cut off by a kill does not count."""
        return self.exclude(outcome="")

    def settled(self) -> ReportQuerySet:
        """Ask for the operator's record, newest first."""
        return self.exclude(state=Report.State.QUEUED).order_by("-id")

    def at_hand(self, *, queued: int, settled: int) -> ReportQuerySet:
        """Ask at once for that many of the oldest queued and of the newest settled, in no order."""
        last = Subquery(self.queued().values("pk")[queued - 1 : queued])
        first = Subquery(self.settled().values("pk")[settled - 1 : settled])
        oldest = self.queued().filter(pk__lte=Coalesce(last, LARGEST_KEY)).order_by()
        newest = self.settled().filter(pk__gte=Coalesce(first, 0)).order_by()
        return oldest.union(newest, all=True)

    def settled_last(self) -> Report | None:
        """Return what was settled last; an index finds it however much is queued."""
        return self.exclude(settled_at=None).order_by("-settled_at", "-id").first()

    def sealed_before(self, moment: datetime) -> ReportQuerySet:
        """Ask for what was sealed before `moment`."""
        return self.filter(sealed_at__lt=moment)

    def settled_before(self, moment: datetime) -> ReportQuerySet:
        """Ask for what was settled before `moment`."""
        return self.filter(settled_at__lt=moment)


class Report(models.Model):
    """A sealed batch: the exact JSON that is posted, and what came of it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given-up", _("given up")
        EXPORTED = "exported", _("exported")

    key = models.UUIDField(_("idempotency key"), default=uuid.uuid4, unique=True, editable=False)
    category = models.CharField(_("category"), max_length=20)
    campaign_id = models.CharField(_("campaign"), max_length=255, blank=True)
    body = models.TextField(_("body"))
    sealed_at = MomentField(_("sealed at"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    attempted_at = MomentField(_("last attempt at"), null=True)
    leased_until = MomentField(_("leased until"), null=True)
    wait_until = MomentField(_("not before"), null=True)
    must_wait = models.BooleanField(_("the collector asked to wait"), default=False)
    refused_at = MomentField(_("first refused at"), null=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    outcome = models.CharField(_("outcome"), max_length=255, blank=True)
    settled_at = MomentField(_("settled at"), null=True)

    objects = PrimaryManager.from_queryset(ReportQuerySet)()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        default_permissions = ()
        indexes = [
            models.Index(fields=["state", "id"], name="usage_metrics_report_queue"),
            models.Index(fields=["settled_at"], name="usage_metrics_report_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.key}"

    @property
    def has_failed(self) -> bool:
        """Whether an attempt has come back with nothing; one cut off by a kill does not count."""
        return bool(self.outcome)

    def is_due(self, now: datetime, *, hurried: bool = False) -> bool:
        """Whether an attempt may begin; a hurried one skips our own backoff, not the collector's wish.

        Moments set by a clock that has since gone back hold nothing up.
        """
        if self.attempted_at is not None and self.attempted_at > now:
            return True
        if self.leased_until is not None and self.leased_until > now:
            return False
        return self.wait_until is None or self.wait_until <= now or (hurried and not self.must_wait)

    def claim(self, now: datetime, lease: timedelta) -> bool:
        """Take the row for one attempt; False when another process was first or it is gone."""
        mine = self._mine()
        self.attempts, self.attempted_at = self.attempts + 1, now
        return bool(mine.update(attempts=self.attempts, attempted_at=now, leased_until=now + lease))

    def release(self) -> None:
        """Give the row back untried."""
        self._mine().update(leased_until=None)

    def put_off(
        self, until: datetime, *, must_wait: bool, status: int | None, outcome: str
    ) -> None:
        """Keep the row for a later attempt, unless another process has begun one."""
        if status is not None and self.refused_at is None:
            self.refused_at = self.attempted_at
        self.status, self.outcome = status, outcome[:255]
        self._mine().update(
            leased_until=None,
            wait_until=until,
            must_wait=must_wait,
            refused_at=self.refused_at,
            status=self.status,
            outcome=self.outcome,
        )

    def settle(self, state: State, *, status: int | None, outcome: str, now: datetime) -> None:
        """Write what came of the bytes that were posted into the operator's record.

        The row is written anew when the switch was thrown while they were on their way: they did leave.
        """
        self.state, self.status, self.outcome, self.settled_at = state, status, outcome[:255], now
        self.leased_until = self.wait_until = None
        news = ("state", "body", "status", "outcome", "settled_at", "leased_until", "wait_until")
        row = Report.objects.filter(pk=self.pk)
        if not row.update(**{name: getattr(self, name) for name in news}):
            self.save(force_insert=True, using=row.db)

    def _mine(self) -> ReportQuerySet:
        """Ask for the row as long as it waits and nobody has begun an attempt after this one."""
        mine: ReportQuerySet = Report.objects.filter(pk=self.pk, attempts=self.attempts)
        return mine.still_queued()
