"""The numbers of a day, an ISO week or a month: narrow rows, many of them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .facts import Fact, Value
from .rows import PrimaryManager
from .site import Site


class Span(models.TextChoices):
    DAY = "D", _("day")
    WEEK = "W", _("week")
    MONTH = "M", _("month")


class Period(models.Model):
    """The totals of a site in one day, week or month, and the state of their publication.

    `late`, `skewed` and `repeats` count on the day on which the reports came. `flagged` are the reports that say
    whether they are the installation's first of the period.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SETTLED = "settled", _("settled")
        HELD = "held", _("held")
        PUBLISHED = "published", _("published")
        LEFT_OUT = "left out", _("left out")

    site = models.ForeignKey(Site, models.CASCADE, related_name="periods", verbose_name=_("site"))
    span = models.CharField(_("span"), max_length=1, choices=Span.choices)
    start = models.DateField(_("first day"))
    installations = models.PositiveIntegerField(_("active installations"), default=0)
    # Of a week or month, once its days are settled: the first report of a period may be lost.
    largest_day = models.PositiveIntegerField(default=0, editable=False)
    heartbeats = models.PositiveIntegerField(_("heartbeats"), default=0)
    upgrades = models.PositiveIntegerField(_("upgrades"), default=0)
    installs = models.PositiveIntegerField(_("new installations"), default=0)
    flagged = models.PositiveIntegerField(_("reports with the flag"), default=0)
    opt_outs = models.PositiveIntegerField(_("opt-outs"), default=0)
    late = models.PositiveIntegerField(_("late reports"), default=0)
    skewed = models.PositiveIntegerField(_("reports with a wrong clock"), default=0)
    repeats = models.PositiveIntegerField(_("repeats"), default=0)
    # Small counts are merged and all rows rewritten; a late report makes it necessary once more.
    is_folded = models.BooleanField(default=False, editable=False)
    # Events that Matomo has accepted so far: a failure in the middle repeats only what follows.
    forwarded = models.PositiveIntegerField(default=0, editable=False)
    forwarded_at = models.DateTimeField(_("forwarded at"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.OPEN)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("dashboard")  # the name of its pages in the admin
        constraints = [
            models.UniqueConstraint(
                fields=["site", "span", "start"], name="usage_collector_one_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_span_display()} {self.start}"

    @property
    def active(self) -> int:
        """The active installations: those that said so, but no fewer than on the largest day."""
        return max(self.installations, self.largest_day)

    @property
    def is_exact(self) -> bool:
        """Whether every report said whether it was the first of its period."""
        return self.flagged >= self.heartbeats + self.upgrades + self.installs


class Cell(models.Model):
    """How many installations reported a value of a fact in a period.

    Only our own code deletes facts and values, cells first: foreign keys would cost an index each.
    """

    fact = models.ForeignKey(Fact, models.DO_NOTHING, db_index=False, db_constraint=False)
    value = models.ForeignKey(Value, models.DO_NOTHING, db_index=False, db_constraint=False)
    span = models.CharField(max_length=1, choices=Span.choices)
    start = models.DateField()
    n = models.PositiveIntegerField()

    objects = PrimaryManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["fact", "span", "start", "value"], name="usage_collector_one_cell"
            )
        ]

    def __str__(self) -> str:
        return f"{self.fact_id}, {self.span} {self.start}, {self.value_id}: {self.n}"


class Pair(models.Model):
    """How many installations of a week reported a value together with a version of the product (`by`)."""

    start = models.DateField(help_text=_("A Monday."))
    value = models.ForeignKey(
        Value, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    by = models.ForeignKey(
        Value, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    n = models.PositiveIntegerField()

    objects = PrimaryManager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["value", "start", "by"], name="usage_collector_one_pair"
            )
        ]
        indexes = [models.Index(fields=["by", "start"], name="usage_collector_pair_by")]

    def __str__(self) -> str:
        return f"{self.start}, {self.value_id} by {self.by_id}: {self.n}"
