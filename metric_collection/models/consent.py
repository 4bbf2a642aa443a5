"""The operator's choice, for all metrics and for each campaign."""

from __future__ import annotations

from django.db import models, router, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .fields import ExactCharField, InstantField, MomentField
from .rows import OnlyRow, PrimaryManager


class ConsentManager(PrimaryManager):
    def current(self) -> Consent:
        """Return the operator's row, or an unsaved one with choice unknown. Never writes."""
        return self.first() or Consent()

    def ensure(self) -> None:
        """Create the row if there is none yet.

        Within a transaction this writes before it reads: SQLite fails the first write of a transaction at
        once, without waiting, if another process has written since the transaction's first read.
        """
        is_within = transaction.get_connection(using=router.db_for_write(Consent)).in_atomic_block
        if not (self.update(choice=F("choice")) if is_within else self.exists()):
            self.bulk_create([Consent()], ignore_conflicts=True)

    def locked(self) -> Consent:
        """Return the row, locked until the transaction ends.

        The update takes SQLite's write lock at once: reading first would let two transactions deadlock.
        """
        self.update(choice=F("choice"))
        consent: Consent = self.select_for_update().get(pk=1)
        return consent


class Consent(OnlyRow):
    """The operator's choice, and what was disclosed before it: names of facts, tokens of campaigns."""

    class Choice(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        GRANTED = "granted", _("granted")
        DENIED = "denied", _("denied")

    choice = models.CharField(
        _("choice"), max_length=7, choices=Choice.choices, default=Choice.UNKNOWN
    )
    decided_at = MomentField(_("decided at"), null=True)
    allowed_since = InstantField(_("allowed since"), null=True)  # no earlier count is kept
    notice_shown_at = MomentField(_("notice shown at"), null=True)
    notice_postponed_until = MomentField(_("notice postponed until"), null=True)
    disclosed = models.JSONField(_("disclosed facts"), default=list)
    unanswered = models.JSONField(_("disclosed since the last answer"), default=list)
    declined_groups = models.JSONField(_("declined groups of facts"), default=list)

    objects = ConsentManager()

    class Meta:
        verbose_name = verbose_name_plural = _("system information")
        default_permissions = ("view",)
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_metrics_one_consent")]

    def __str__(self) -> str:
        return gettext("Usage metrics")  # the admin log adds what has changed

    def covers_the_same_as(self, other: Consent) -> bool:
        """Whether the same may be gathered and sent; to compare a row read earlier with the locked one."""
        names = ("choice", "decided_at", "notice_shown_at", "disclosed", "declined_groups")
        return all(getattr(self, name) == getattr(other, name) for name in names)


class CampaignConsent(models.Model):
    """Consent to one campaign, and its window.

    While the choice is unknown, the window is the one that the consent mode has opened.
    """

    campaign_id = ExactCharField(_("campaign"), max_length=255, unique=True)
    choice = models.CharField(
        _("choice"),
        max_length=7,
        choices=Consent.Choice.choices,
        default=Consent.Choice.UNKNOWN,
    )
    decided_at = MomentField(_("decided at"), null=True)
    allowed_since = InstantField(_("allowed since"), null=True)  # no earlier count is kept
    start = InstantField(_("from"))
    end = InstantField(_("until"), null=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("campaign consent")
        verbose_name_plural = _("campaign consents")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.get_choice_display()}"
