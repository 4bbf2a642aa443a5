"""Published numbers: frozen, byte for byte."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from .numbers import Span
from .rows import PrimaryManager
from .site import Site


class Publication(models.Model):
    """The public numbers of a period, as the exact JSON text that is served."""

    site = models.ForeignKey(
        Site, models.CASCADE, related_name="publications", verbose_name=_("site")
    )
    span = models.CharField(_("span"), max_length=1, choices=Span.choices)
    start = models.DateField(_("first day"))
    body = models.TextField(_("body"))
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(_("published at"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["site", "span", "start"], name="usage_collector_one_publication"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A publication is never changed.")
        super().save(*args, **kwargs)
