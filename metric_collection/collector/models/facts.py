"""Facts and their values, as texts that are stored once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .rows import PrimaryManager
from .site import Site


class FactQuerySet(models.QuerySet["Fact"]):
    def reported(self) -> FactQuerySet:
        """The facts that installations report, in the order of the dictionary."""
        return self.filter(is_built_in=False)


class Fact(models.Model):
    """A fact of a site's installations, e.g. ``os_version``.

    Built-in facts ("installed", "upgraded to") count events by the product's version, not installations.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        VERSION = "version", _("version")
        BUCKET = "bucket", _("bucket")
        FLAG = "flag", _("flag")
        DATE = "date", _("date")

    site = models.ForeignKey(Site, models.CASCADE, related_name="facts", verbose_name=_("site"))
    name = models.CharField(_("name"), max_length=255)
    digest = models.UUIDField(editable=False)
    kind = models.CharField(_("kind"), max_length=7, choices=Kind.choices, default=Kind.TEXT)
    description = models.TextField(_("description"), blank=True)
    purpose = models.TextField(_("purpose"), blank=True)
    is_declared = models.BooleanField(_("declared"), default=False)
    is_public = models.BooleanField(_("public"), default=False)
    is_built_in = models.BooleanField(default=False, editable=False)
    position = models.PositiveIntegerField(_("position"), default=0)
    first_seen = models.DateField(_("first seen"), null=True, editable=False)

    objects = PrimaryManager.from_queryset(FactQuerySet)()

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        # Anybody can report a fact: those of the dictionary come first, and the product's version among them.
        ordering = ["-is_declared", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "digest"], name="usage_collector_one_fact")
        ]

    def __str__(self) -> str:
        return self.name


class Value(models.Model):
    """A value of a fact, and the three that stand for many.

    Deleting the row, with its cells and pairs, erases a value that should never have been sent.
    """

    class Role(models.TextChoices):
        NAMED = "named", _("named")
        DEVELOPMENT = "development", _("(development)")
        OTHER = "other", _("(other)")
        RARE = "rare", _("(rare)")

    fact = models.ForeignKey(Fact, models.CASCADE, related_name="values", verbose_name=_("fact"))
    text = models.CharField(_("text"), max_length=255, blank=True)
    digest = models.UUIDField(editable=False)
    role = models.CharField(_("role"), max_length=11, choices=Role.choices, default=Role.NAMED)
    # The day, and its month once that day is settled: caps are by day, and nothing else asks for it.
    first_seen = models.DateField(_("first seen"))
    last_seen = models.DateField(_("last seen"), help_text=_("The first day of a month."))
    # The day on which a week settled in which enough installations for the public reported it: staff
    # see it from then on, and it may be named in public a week later.
    qualified_on = models.DateField(null=True, editable=False)
    is_hidden = models.BooleanField(_("hidden from the public"), default=False)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("value")
        verbose_name_plural = _("values")
        constraints = [
            models.UniqueConstraint(
                fields=["fact", "role", "digest"], name="usage_collector_one_value"
            )
        ]

    def __str__(self) -> str:
        return self.text if self.role == self.Role.NAMED else str(self.get_role_display())
