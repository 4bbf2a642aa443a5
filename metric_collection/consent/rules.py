"""Whether facts may be gathered and reports sent: the only place that decides, strongest rule first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..cleaninsights.clock import EPOCH, utc_now
from ..conf.settings import Mode, conf
from ..conf.values import FALSE_WORDS, TRUE_WORDS, is_unless, safe_str
from ..models import Consent
from ..models.report import CLOCK_SKEW

WITHDRAWN: Final = "Consent Withdrawn"
CI_VARIABLES: Final = ("CI", "TF_BUILD", "TEAMCITY_VERSION", "JENKINS_URL")


class Rule(models.TextChoices):
    """The rule that decides; its label completes the sentence that begins with On or Off."""

    ENVIRONMENT = "environment", _("because %(value)s is set in the environment")
    DO_NOT_TRACK = "do-not-track", _("because %(value)s is set in the environment")
    SETTING = "setting", _("because METRIC_COLLECTION = False is set in the Django settings")
    CONFIGURATION = "configuration", _("because the setting %(value)s is missing or wrong")
    DEBUG = "debug", _("because the Django setting DEBUG is on")
    TEST_RUN = "test-run", _("because this is a test run")
    CI = "ci", _("because %(value)s is set in the environment")
    GRANTED = "granted", _("because a superuser has agreed")
    DENIED = "denied", _("because a superuser has declined")
    OPT_OUT = "opt-out", _("which is the default")
    NOTICE_PENDING = "notice-pending", _("until a superuser has seen the notice")
    NOTICE_SHOWN = "notice-shown", _("since a superuser has seen the notice")
    OPT_IN = "opt-in", _("until a superuser agrees")


LOCKING: Final = frozenset({Rule.ENVIRONMENT, Rule.DO_NOT_TRACK, Rule.SETTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The decision at a moment, and the rule that made it."""

    rule: Rule
    gathers: bool = False
    sends: bool = False
    value: str = ""

    @property
    def is_locked(self) -> bool:
        """Whether the operator's switch has no effect."""
        return self.rule in LOCKING

    @property
    def sentence(self) -> str:
        """The decision as a sentence in the active language."""
        reason = self.rule.label % {"value": safe_str(self.value)}
        form = gettext("On, %(reason)s.") if self.sends else gettext("Off, %(reason)s.")
        return form % {"reason": reason}


def switched_off(environ: Mapping[str, str] = os.environ) -> Ruling | None:
    """Apply the rules that the operator's switch cannot override: environment and Django setting."""
    for name, answer in off_switches():
        # A word that is neither yes nor no, such as `never`, comes from somebody who wants metrics off.
        if is_unless(environ.get(name, ""), FALSE_WORDS if answer else TRUE_WORDS):
            return Ruling(rule=Rule.ENVIRONMENT, value=f"{name}={environ[name]}")
    if is_unless(environ.get("DO_NOT_TRACK", ""), frozenset({"0"})):
        return Ruling(rule=Rule.DO_NOT_TRACK, value=f"DO_NOT_TRACK={environ['DO_NOT_TRACK']}")
    return None if conf.ENABLED else Ruling(rule=Rule.SETTING)


def off_switches() -> list[tuple[str, bool]]:
    """Return the environment variables that switch metrics off, each with the answer that does."""
    return [("METRIC_COLLECTION", False), *conf.OFF_SWITCHES.items()]


def silenced(environ: Mapping[str, str] = os.environ) -> Ruling | None:
    """Apply the rules for invalid settings, and for development, test and CI environments."""
    if problems := conf.problems():
        return Ruling(rule=Rule.CONFIGURATION, value=problems[0].setting.name)
    if conf.SEND_IN_DEVELOPMENT:
        return None
    if settings.DEBUG:
        return Ruling(rule=Rule.DEBUG)
    # Set up by Django's test runner and by pytest-django.
    if hasattr(sys.modules.get("django.core.mail"), "outbox"):
        return Ruling(rule=Rule.TEST_RUN)
    return on_ci(environ)


def on_ci(environ: Mapping[str, str] = os.environ) -> Ruling | None:
    """Apply the rule for CI machines."""
    for name in CI_VARIABLES:
        if is_unless(environ.get(name, ""), FALSE_WORDS):
            return Ruling(rule=Rule.CI, value=f"{name}={environ[name]}")
    return None


def by_operator(consent: Consent, *, now: datetime | None = None) -> Ruling:
    """Apply the operator's choice, or without one the consent mode."""
    choice = valid_choice(consent, now=now)
    if choice == Consent.Choice.DENIED:
        return Ruling(rule=Rule.DENIED)
    if choice == Consent.Choice.GRANTED:
        return Ruling(rule=Rule.GRANTED, gathers=True, sends=True)
    if conf.CONSENT is Mode.OPT_IN:
        return Ruling(rule=Rule.OPT_IN)
    if conf.CONSENT is Mode.OPT_OUT:
        return Ruling(rule=Rule.OPT_OUT, gathers=True, sends=True)
    if consent.notice_shown_at is None:
        return Ruling(rule=Rule.NOTICE_PENDING, gathers=True)
    return Ruling(rule=Rule.NOTICE_SHOWN, gathers=True, sends=True)


def valid_choice(consent: Consent, *, now: datetime | None = None) -> Consent.Choice:
    """Return the operator's choice; a yes older than CONSENT_EXPIRES counts as no answer.

    So does one from the future, by a clock that was ahead: nobody knows how old it is.
    """
    choice = Consent.Choice(consent.choice)
    if choice != Consent.Choice.GRANTED or conf.CONSENT_EXPIRES is None:
        return choice
    age = (now or utc_now()) - (consent.decided_at or EPOCH)
    is_valid = -CLOCK_SKEW <= age < conf.CONSENT_EXPIRES
    return choice if is_valid else Consent.Choice.UNKNOWN


def ruling(consent: Consent | None = None, *, now: datetime | None = None) -> Ruling:
    """Decide, with one query unless `consent` is given or a stronger rule decides."""
    # The database is asked last: most rules need no query.
    return (
        switched_off() or silenced() or by_operator(consent or Consent.objects.current(), now=now)
    )


def may_leave(category: str, allowed: Ruling) -> bool:
    """Whether a report may be posted: after a no, only the event that reports the opt-out."""
    return allowed.sends or (allowed.rule is Rule.DENIED and category == WITHDRAWN)
