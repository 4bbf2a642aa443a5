"""How the collector itself is doing. Counts only: nothing here belongs to one installation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .rows import PrimaryManager
from .site import Site


class Refusal(models.Model):
    """How many requests or reports were refused in a day, by reason; site 0 is none."""

    day = models.DateField(_("day"))
    site_id = models.PositiveIntegerField(_("site id"))
    reason = models.CharField(_("reason"), max_length=20)
    n = models.PositiveIntegerField(_("number"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "site_id", "reason"], name="usage_collector_one_refusal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}, {self.site_id}, {self.reason}: {self.n}"


class Hour(models.Model):
    """How many reports of all sites were received in an hour."""

    start = models.DateTimeField(_("start"), unique=True)
    n = models.PositiveIntegerField(_("number"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("hour")
        verbose_name_plural = _("hours")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M}: {self.n}"


class Lateness(models.Model):
    """How many reports came in a day at least `days` days after theirs (0, 1, 2, 8 or 31)."""

    site_id = models.PositiveIntegerField(_("site id"))
    day = models.DateField(_("day"))
    days = models.PositiveSmallIntegerField(_("days late"))
    n = models.PositiveIntegerField(_("number"))

    objects = PrimaryManager()

    class Meta:
        verbose_name = verbose_name_plural = _("lateness")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["site_id", "day", "days"], name="usage_collector_one_lateness"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}, {self.days} days: {self.n}"


class Import(models.Model):
    """A file that was imported. Its name is not kept, because names of files name customers."""

    sha256 = models.CharField(max_length=64, unique=True)
    lines = models.PositiveIntegerField(_("lines"))
    counted = models.PositiveIntegerField(_("counted"))
    repeats = models.PositiveIntegerField(_("repeats"))
    refused = models.PositiveIntegerField(_("refused"))
    at = models.DateTimeField(_("imported at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name=_("imported by")
    )

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class Work(models.Model):
    """The last run of each job. It keeps two runners from working in vain; nothing relies on it."""

    name = models.CharField(_("name"), max_length=20, primary_key=True)
    began_at = models.DateTimeField(_("began at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = verbose_name_plural = _("work")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"


class Alarm(models.Model):
    """A problem that has been logged, until it is over. `code` is a job's name or one of the health check's."""

    code = models.CharField(_("code"), max_length=20, primary_key=True)
    since = models.DateTimeField(_("since"))
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.since:%Y-%m-%d %H:%M}"


class Forwarding(models.Model):
    """Failures in a row to forward a site's sums; there is no row while it works."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, verbose_name=_("site"))
    failures = models.PositiveIntegerField(_("failures"), default=0)
    failed_at = models.DateTimeField(_("failed at"))
    asked = models.FloatField(_("Retry-After in seconds"), default=0)
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    objects = PrimaryManager()

    class Meta:
        verbose_name = verbose_name_plural = _("forwarding")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.site_id}: {self.failures}"
