"""What the operator chose, for all metrics and for each campaign."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .fields import InstantField, MomentField
from .rows import OnlyRow, PrimaryManager


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
