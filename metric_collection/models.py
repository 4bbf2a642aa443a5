"""The tables: what the operator chose, what was last seen here, and the reports with what came of them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, router
from django.db.models import Count, F, Q, Subquery, Sum, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext_lazy as _

from .cleaninsights.clock import EPOCH, SECOND
from .cleaninsights.datapoints import DataPoint, Event
from .measuring.points import identity_of, point_of


class MomentField(models.BigIntegerField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An aware UTC datetime kept as whole seconds since the epoch.

    Neither USE_TZ, TIME_ZONE nor a change of the clock to summer time can then shift when something is due.
    """

    _pyi_private_set_type: datetime  # type: ignore[assignment]  # what django-stubs reads
    _pyi_private_get_type: datetime  # type: ignore[assignment]
    unit = SECOND

    def from_db_value(self, value: int | None, *_: object) -> datetime | None:
        return None if value is None else EPOCH + value * self.unit

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and "T" in value:  # as a fixture has it
            return datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (
            value if isinstance(value, datetime) else self.from_db_value(super().to_python(value))
        )

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return (value - EPOCH) // self.unit
        return super().get_prep_value(value)


class InstantField(MomentField):
    """A moment to the microsecond, for the edges of periods: on which side of one a count falls matters."""

    unit = timedelta.resolution


class PrimaryManager(models.Manager[Any]):
    """Reads where it writes: a replica that lags would repeat a heartbeat or show an old choice."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().using(router.db_for_write(self.model))


class OnlyRow(models.Model):
    """A table of at most one row, which the database itself ensures."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    class Meta:
        abstract = True


class ConsentManager(PrimaryManager):
    def current(self) -> Consent:
        """Return the operator's row, or one not saved yet that says unknown. Never writes."""
        return self.first() or Consent()

    def ensure(self) -> None:
        """Make the row if there is none; nothing is changed where another process was first."""
        if not self.exists():
            self.bulk_create([Consent()], ignore_conflicts=True)

    def locked(self) -> Consent:
        """Return the row, and keep it as it is until the transaction ends.

        An update takes SQLite's lock at once, where reading first would end in a deadlock of two.
        """
        self.update(choice=F("choice"))
        consent: Consent = self.select_for_update().get(pk=1)
        return consent


class Consent(OnlyRow):
    """The operator's choice, and which facts they had been told of when they made it."""

    class Choice(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        GRANTED = "granted", _("granted")
        DENIED = "denied", _("denied")

    choice = models.CharField(
        _("choice"), max_length=7, choices=Choice.choices, default=Choice.UNKNOWN
    )
    decided_at = MomentField(_("decided at"), null=True)
    notice_shown_at = MomentField(_("notice shown at"), null=True)
    disclosed = models.JSONField(_("disclosed facts"), default=list)

    objects = ConsentManager()

    class Meta:
        verbose_name = verbose_name_plural = _("system information")
        default_permissions = ("view",)
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_metrics_one_consent")]

    def __str__(self) -> str:
        return str(self.get_choice_display())

    def hold(self) -> bool:
        """Keep what was decided as it is until the transaction ends; False where it has changed since."""
        if self._state.adding:
            Consent.objects.ensure()
        unchanged = Consent.objects.filter(choice=self.choice, notice_shown_at=self.notice_shown_at)
        return bool(unchanged.update(choice=self.choice))


class SnapshotManager(PrimaryManager):
    def current(self) -> Snapshot | None:
        """Return what was last recorded here, or None before the first record."""
        return self.first()


class Snapshot(OnlyRow):
    """The facts as last recorded, and when the next heartbeat is due."""

    facts = models.JSONField(_("facts"))
    installed_at = MomentField(_("installed at"))
    heartbeat_at = MomentField(_("last heartbeat at"), null=True)
    heartbeat_due = MomentField(_("next heartbeat due"))
    revision = models.PositiveBigIntegerField(default=0, editable=False)

    objects = SnapshotManager()

    class Meta:
        verbose_name = verbose_name_plural = _("snapshot")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_metrics_one_snapshot")]

    def __str__(self) -> str:
        return f"{len(self.facts)} facts, heartbeat due {self.heartbeat_due:%Y-%m-%d %H:%M} UTC"

    def advance(self, **values: Any) -> bool:
        """Write `values` unless another process has recorded since this row was read.

        The one statement is also what keeps two processes apart on databases without row locks.
        """
        unchanged = Snapshot.objects.filter(pk=self.pk, revision=self.revision)
        return bool(unchanged.update(revision=F("revision") + 1, **values))


class Change(models.Model):
    """An install or upgrade that was noticed: the version history."""

    class Category(models.TextChoices):
        INSTALL = "Install", _("Install")
        UPGRADE = "Upgrade", _("Upgrade")

    category = models.CharField(_("category"), max_length=7, choices=Category.choices)
    recorded_at = MomentField(_("recorded at"))
    changes = models.JSONField(_("changes"), help_text=_("fact name -> [from, to]"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.category}, {self.recorded_at:%Y-%m-%d}"


USAGE = "Usage"
HANDFUL = 20  # reports that are read at a time
LARGEST_KEY = 2**63 - 1


class ReportQuerySet(models.QuerySet["Report"]):
    def queued(self) -> ReportQuerySet:
        """Ask for what has not been settled yet, oldest first."""
        return self.filter(state=Report.State.QUEUED).order_by("id")

    def in_line(self, *, after: Report | None = None) -> list[Report]:
        """Return the first HANDFUL of those that wait, or that wait behind one of them."""
        return list(self.queued().filter(pk__gt=after.pk if after else 0)[:HANDFUL])

    def unclaimed(self, now: datetime) -> ReportQuerySet:
        """Ask for what no worker is about to post, nor has just posted."""
        return self.queued().exclude(leased_until__gt=now)

    def claimed(self, now: datetime) -> ReportQuerySet:
        """Ask for what somebody is about to post."""
        return self.filter(leased_until__gt=now)

    def of_campaign(self, campaign_id: str) -> ReportQuerySet:
        """Ask for what one campaign has counted."""
        return self.filter(campaign_id=campaign_id)

    def usage(self) -> ReportQuerySet:
        """Ask for what campaigns have counted."""
        return self.filter(category=USAGE)

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
        news = ("state", "status", "outcome", "settled_at", "leased_until", "wait_until")
        row = Report.objects.filter(pk=self.pk)
        if not row.update(**{name: getattr(self, name) for name in news}):
            self.save(force_insert=True, using=row.db)

    def _mine(self) -> ReportQuerySet:
        """Ask for the row as long as it waits and nobody has begun an attempt after this one."""
        mine: ReportQuerySet = Report.objects.queued()
        return mine.filter(pk=self.pk, attempts=self.attempts)


class CampaignConsent(models.Model):
    """What was said about one campaign (or feature) of Clean Insights, and the window of a yes.

    While the choice is unknown, the window is the one that the publisher's mode has opened.
    """

    subject = models.CharField(_("subject"), max_length=255, unique=True)
    choice = models.CharField(
        _("choice"),
        max_length=7,
        choices=Consent.Choice.choices,
        default=Consent.Choice.UNKNOWN,
    )
    decided_at = MomentField(_("decided at"), null=True)
    start = InstantField(_("from"))
    end = InstantField(_("until"), null=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("campaign consent")
        verbose_name_plural = _("campaign consents")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_choice_display()}"


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


class SightingQuerySet(models.QuerySet["Sighting"]):
    def since(self, moment: datetime) -> SightingQuerySet:
        """Ask for the processes that were seen at `moment` or later."""
        return self.filter(seen_at__gte=moment)

    def until(self, moment: datetime) -> SightingQuerySet:
        """Ask for the processes that were last seen before `moment`."""
        return self.filter(seen_at__lt=moment)


class Sighting(models.Model):
    """A process of the product that was seen at work, by a random key of its own.

    `machine` is a digest of the kernel's boot id: the same in all containers of a machine, another after
    each start, and never sent.
    """

    class Kind(models.TextChoices):
        WEB = "web", _("web process")
        WORKER = "worker", _("Celery worker")

    key = models.CharField(max_length=32, primary_key=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    machine = models.CharField(_("machine"), max_length=16, blank=True)
    begun_at = MomentField(_("first seen at"))
    seen_at = MomentField(_("last seen at"))

    objects = PrimaryManager.from_queryset(SightingQuerySet)()

    class Meta:
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.seen_at:%Y-%m-%d %H:%M} UTC"
