"""Processes that were seen running, for counting them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .fields import MomentField
from .rows import PrimaryManager


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

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.seen_at:%Y-%m-%d %H:%M} UTC"
