"""The results of campaigns."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .rows import PrimaryManager
from .site import Site


class UsageName(models.Model):
    """A name of usage: category, action, and a label if there is one, which may be empty."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="usage", verbose_name=_("site"))
    category = models.CharField(_("category"), max_length=255)
    action = models.CharField(_("action"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    has_name = models.BooleanField(default=True)
    digest = models.UUIDField(editable=False)
    first_seen = models.DateField(_("first seen"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("usage name")
        verbose_name_plural = _("usage names")
        constraints = [
            models.UniqueConstraint(fields=["site", "digest"], name="usage_collector_one_name")
        ]

    def __str__(self) -> str:
        return " / ".join([self.category, self.action, *([self.name] if self.has_name else [])])


class Usage(models.Model):
    """The sums over all installations of one name in one period of `days` days from `start`.

    The protocol does not say whether a value is a sum or a mean, so both readings are kept.
    """

    usage_name = models.ForeignKey(UsageName, models.CASCADE, related_name="usages")
    start = models.DateField(_("first day"))
    days = models.PositiveIntegerField(_("days"))
    installations = models.PositiveIntegerField(_("installations"))
    times = models.PositiveBigIntegerField(_("times"))
    value_sum = models.FloatField(_("sum of the values"))
    weighted_sum = models.FloatField(_("sum of the values times their counts"))
    is_folded = models.BooleanField(default=False, editable=False)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["usage_name", "start", "days"], name="usage_collector_one_usage"
            )
        ]

    def __str__(self) -> str:
        return f"{self.usage_name_id}, {self.days} days from {self.start}: {self.installations}"


class Spread(models.Model):
    """How many installations counted at least `bucket` uses (1, 2, 5, 10, 20 …) and less than the next."""

    usage = models.ForeignKey(Usage, models.CASCADE, related_name="spread", db_index=False)
    bucket = models.PositiveIntegerField(_("uses"))
    installations = models.PositiveIntegerField(_("installations"))

    objects = PrimaryManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["usage", "bucket"], name="usage_collector_one_spread")
        ]

    def __str__(self) -> str:
        return f"{self.bucket}: {self.installations}"
