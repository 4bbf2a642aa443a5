"""The outbox and the record: sealed reports, and the outcome of each."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField, MomentField
from .rows import PrimaryManager

USAGE = "Usage"
HANDFUL = 20  # reports that are read at a time
# Longer than any lease; a clock that went back further is believed.
CLOCK_SKEW = timedelta(minutes=5)


class ReportQuerySet(models.QuerySet["Report"]):
    def queued(self) -> ReportQuerySet:
        """Filter those not settled yet, oldest first."""
        return self.filter(state=Report.State.QUEUED).order_by("id")

    def still_queued(self) -> ReportQuerySet:
        """Filter those not settled yet by scanning the rows, for UPDATE and DELETE.

        Through the index on the state, which cannot serve this condition, MariaDB would lock the index
        entry before the row. `settle` locks them in the opposite order: the two would deadlock.
        """
        return self.filter(state__contains=Report.State.QUEUED)

    def next_queued(self, *, after: Report | None = None) -> list[Report]:
        """Return the next HANDFUL of the queue, from its head or from behind a report."""
        return list(self.queued().filter(pk__gt=after.pk if after else 0)[:HANDFUL])

    def unclaimed(self, now: datetime) -> ReportQuerySet:
        """Filter the queued reports that no worker is posting, oldest first, in order to change them."""
        return self.still_queued().exclude(leased_until__gt=now).order_by("id")

    def has_failed(self) -> ReportQuerySet:
        """Filter those with a failed attempt; an attempt cut off by a kill does not count."""
        return self.exclude(outcome="")

    def settled(self) -> ReportQuerySet:
        """Filter the operator's record, newest first."""
        return self.exclude(state=Report.State.QUEUED).order_by("-id")

    def settled_last(self) -> Report | None:
        """Return the report settled last; an index finds it however long the queue is."""
        return self.exclude(settled_at=None).order_by("-settled_at", "-id").first()

    def settled_before(self, moment: datetime) -> ReportQuerySet:
        return self.filter(settled_at__lt=moment)


class Report(models.Model):
    """A sealed batch: the exact JSON that is posted, and the outcome."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given-up", _("given up")
        EXPORTED = "exported", _("exported")

    class Outcome(models.TextChoices):
        """The result of the last attempt, or the reason for which a report was settled without one."""

        ACCEPTED = "accepted", _("accepted")
        ANSWERED = "answered", _("the collector answered with an error")
        REFUSED = "refused", _("refused by the collector")
        NO_CONNECTION = "no-connection", _("no connection to the collector")
        TIMEOUT = "timeout", _("no answer in time")
        TLS_FAILED = "tls-failed", _("TLS failed")
        PROXY_FAILED = "proxy-failed", _("the proxy did not forward the request")
        INVALID_REQUEST = "invalid-request", _("the request could not be made")
        EXPIRED = "expired", _("not delivered in time")
        EXPORTED = "exported", _("exported to a file")

    class Wait(models.TextChoices):
        """The reason for which a queued report is not due."""

        LEASE = "lease", _("another process is posting it")
        PAUSE = "pause", _("the collector asked to wait")
        BACKOFF = "backoff", _("backing off after a failure")

    key = models.UUIDField(_("idempotency key"), default=uuid.uuid4, unique=True, editable=False)
    category = models.CharField(_("category"), max_length=20)
    campaign_id = ExactCharField(_("campaign"), max_length=255, blank=True)
    body = models.TextField(_("body"))
    sealed_at = MomentField(_("sealed at"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    attempted_at = MomentField(_("last attempt at"), null=True)
    leased_until = MomentField(_("leased until"), null=True)
    wait_until = MomentField(_("not before"), null=True)
    must_wait = models.BooleanField(_("the collector asked to wait"), default=False)
    failed_at = MomentField(_("first failed at"), null=True)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome.choices, blank=True)
    detail = models.CharField(_("detail"), max_length=255, blank=True)
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
    def outcome_text(self) -> str:
        """The outcome for display, with the status or the operating system's own message."""
        detail = self.detail or self.status
        label = str(self.get_outcome_display())
        return f"{label} ({detail})" if label and detail else label

    @property
    def has_failed(self) -> bool:
        """Whether an attempt has failed; an attempt cut off by a kill does not count."""
        return bool(self.outcome)

    def next_attempt(self, now: datetime, *, hurried: bool = False) -> datetime:
        """Return when the next attempt may begin: `now` if the report is due, never earlier.

        A hurried attempt skips our own backoff, not a wait that the collector asked for. Times written
        by a clock that has gone back since then are ignored.
        """
        if self.attempted_at is not None and self.attempted_at > now + CLOCK_SKEW:
            return now
        skips_backoff = hurried and not self.must_wait
        wait_until = None if skips_backoff else self.wait_until
        times: list[datetime | None] = [now, self.leased_until, wait_until]
        return max(time for time in times if time is not None)

    def wait(self, now: datetime) -> Wait | None:
        """Return why the report is not due, None if it is."""
        if self.next_attempt(now) <= now:
            return None
        if self.leased_until is not None and self.leased_until > now:
            return Report.Wait.LEASE
        return Report.Wait.PAUSE if self.must_wait else Report.Wait.BACKOFF

    def claim(self, now: datetime, lease: timedelta) -> bool:
        """Take the row for one attempt; False if another process was first or the row is gone."""
        mine = self._mine()
        self.attempts, self.attempted_at = self.attempts + 1, now
        return bool(mine.update(attempts=self.attempts, attempted_at=now, leased_until=now + lease))

    def reread(self) -> bool:
        """Read the body again, as declining a group of facts shortens it; return False if the row is gone."""
        body = Report.objects.filter(pk=self.pk).values_list("body", flat=True).first()
        self.body = body or self.body
        return body is not None

    def release(self) -> None:
        """Return the row untried."""
        self._mine().update(leased_until=None)

    def retry(
        self,
        at: datetime,
        *,
        must_wait: bool,
        outcome: Outcome,
        detail: str = "",
        status: int | None = None,
    ) -> None:
        """Keep the row for another attempt, unless another process has begun one already."""
        self.failed_at = self.failed_at or self.attempted_at
        # ASCII, because a latin1 database would refuse a message in another script.
        self.detail = detail[:255].encode("ascii", "replace").decode()
        self.outcome, self.status = outcome, status
        self._mine().update(
            leased_until=None,
            wait_until=at,
            must_wait=must_wait,
            failed_at=self.failed_at,
            outcome=self.outcome,
            detail=self.detail,
            status=self.status,
        )

    def settle(
        self, state: State, *, outcome: Outcome, now: datetime, status: int | None = None
    ) -> None:
        """Record the final outcome of an attempt; an outcome that another process recorded stays.

        If the row was deleted by an opt-out during the attempt, it is inserted again: the operator's
        record must show that these bytes were sent.
        """
        self.state, self.outcome, self.detail, self.status = state, outcome, "", status
        self.settled_at = now
        self.leased_until = self.wait_until = None
        fields = (
            "state",
            "body",
            "outcome",
            "detail",
            "status",
            "settled_at",
            "leased_until",
            "wait_until",
        )
        row = Report.objects.filter(pk=self.pk)
        values = {name: getattr(self, name) for name in fields}
        if not row.still_queued().update(**values) and not row.exists():
            self.save(force_insert=True, using=row.db)

    def _mine(self) -> ReportQuerySet:
        """Filter this row as long as it is queued and no later attempt has begun."""
        mine: ReportQuerySet = Report.objects.filter(pk=self.pk, attempts=self.attempts)
        return mine.still_queued()
