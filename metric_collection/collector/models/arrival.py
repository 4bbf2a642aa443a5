"""Reports that are still to be counted, and the keys of those that were."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .rows import PrimaryManager

SET_ASIDE = 3  # failed attempts after which a report is set aside


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def waiting(self) -> ArrivalQuerySet:
        """Reports that are still to be counted, oldest first."""
        return self.filter(attempts__lt=SET_ASIDE).order_by("id")

    def set_aside(self) -> ArrivalQuerySet:
        return self.filter(attempts__gte=SET_ASIDE)


class Arrival(models.Model):
    """A body as it came. It is deleted in the transaction that counts it.

    No foreign key and no index but the primary key: each would cost the door time.
    """

    class Source(models.TextChoices):
        DOOR = "door", _("door")
        IMPORT = "import", _("import")

    site_id = models.PositiveIntegerField(_("site id"))
    key = models.UUIDField(_("key"), null=True)
    body = models.BinaryField(_("body"))
    received_at = models.DateTimeField(_("received at"))
    source = models.CharField(
        _("source"), max_length=6, choices=Source.choices, default=Source.DOOR
    )
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)

    objects = PrimaryManager.from_queryset(ArrivalQuerySet)()

    class Meta:
        verbose_name = _("arrival")
        verbose_name_plural = _("arrivals")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.site_id}, {self.received_at:%Y-%m-%d}"


class Receipt(models.Model):
    """The key of a report that was counted: a repeat is not counted again until this day is over."""

    key = models.UUIDField(_("key"), primary_key=True)
    until = models.DateField(_("until"), db_index=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key}"
