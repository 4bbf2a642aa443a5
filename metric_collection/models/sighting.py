"""Processes that were seen running, for counting them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import MomentField
from .rows import PrimaryManager


class SightingQuerySet(models.QuerySet["Sighting"]):
    def since(self, moment: datetime) -> SightingQuerySet:
        """Return the processes seen at `moment` or later."""
        return self.filter(seen_at__gte=moment)

    def until(self, moment: datetime) -> SightingQuerySet:
        """Return the processes last seen before `moment`."""
        return self.filter(seen_at__lt=moment)


class Sighting(models.Model):
    """A running process of the product, under a random key.

    `machine` is a digest of the kernel's boot id: the same in all containers of a machine, different
    after each boot, and never sent.
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
