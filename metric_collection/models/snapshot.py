"""The snapshot of this installation, and its version history."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .fields import MomentField
from .rows import OnlyRow, PrimaryManager


class SnapshotManager(PrimaryManager):
    def current(self) -> Snapshot | None:
        """Return the only row, or None before the install was recorded."""
        return self.first()


class Snapshot(OnlyRow):
    """The facts as last recorded, and when the next heartbeat is due.

    A version that was declined or failed and has never been known is "".
    """

    facts = models.JSONField(_("facts"))
    platforms = models.JSONField(_("platforms seen recently"), default=dict)
    installed_at = MomentField(_("installed at"))
    heartbeat_at = MomentField(_("last heartbeat at"), null=True)
    heartbeat_due = MomentField(_("next heartbeat due"))
    reported_on = models.DateField(_("last report on"), null=True)
    swept_at = MomentField(_("last sweep at"), null=True)
    revision = models.PositiveBigIntegerField(default=0, editable=False)

    objects = SnapshotManager()

    class Meta:
        verbose_name = verbose_name_plural = _("snapshot")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="usage_metrics_one_snapshot")]

    def __str__(self) -> str:
        return f"{len(self.facts)} facts, heartbeat due {self.heartbeat_due:%Y-%m-%d %H:%M} UTC"

    def advance(self, **values: Any) -> bool:
        """Write `values` unless another process has written since this row was read.

        A single conditional UPDATE also separates two processes on databases without row locks.
        """
        unchanged = Snapshot.objects.filter(pk=self.pk, revision=self.revision)
        return bool(unchanged.update(revision=F("revision") + 1, **values))


class Change(models.Model):
    """An entry of the version history: an install or upgrade."""

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
