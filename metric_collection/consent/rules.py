"""Whether facts may be gathered and reports sent: the one place that decides, strongest rule first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..conf.settings import Mode, conf
from ..conf.values import is_false_like, told
from ..models import Consent

WITHDRAWN = "Consent Withdrawn"
TRUE_WORDS = frozenset({"true", "1", "yes", "on"})


class Rule(models.TextChoices):
    """The rule that decides; its label finishes the sentence that begins with On or Off."""

    ENVIRONMENT = "environment", _("because %(value)s is set in the environment")
    DO_NOT_TRACK = "do-not-track", _("because %(value)s is set in the environment")
    SETTING = "setting", _("because METRIC_COLLECTION = False is set in the Django settings")
    CONFIGURATION = "configuration", _("because the setting %(value)s is missing or wrong")
    DEBUG = "debug", _("because the Django setting DEBUG is on")
    TEST_RUN = "test-run", _("because this is a test run")
    CI = "ci", _("because %(value)s is set in the environment")
    GRANTED = "granted", _("because a superuser has agreed")
    DENIED = "denied", _("because a superuser has declined")
    OPT_OUT = "opt-out", _("and nobody has declined")
    NOTICE_PENDING = "notice-pending", _("until a superuser has seen the notice")
    NOTICE_SHOWN = "notice-shown", _("as a superuser has seen the notice and nobody has declined")
    OPT_IN = "opt-in", _("until a superuser agrees")


LOCKING = frozenset({Rule.ENVIRONMENT, Rule.DO_NOT_TRACK, Rule.SETTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is allowed at this moment, and by which rule."""

    rule: Rule
    gathers: bool = False
    sends: bool = False
    value: str = ""

    @property
    def is_locked(self) -> bool:
        """Whether the operator's switch is without effect."""
        return self.rule in LOCKING

    @property
    def sentence(self) -> str:
        """State it in one plain sentence, in the language of the moment."""
        reason = self.rule.label % {"value": told(str, self.value)}
        form = gettext("On, %(reason)s.") if self.sends else gettext("Off, %(reason)s.")
        return form % {"reason": reason}


def switched_off(environ: Mapping[str, str] = os.environ) -> Ruling | None:
    """Apply the rules that no toggle overrides: the environment and the Django setting."""
    for name, answer in off_switches():
        if means(environ.get(name, ""), answer):
            return Ruling(rule=Rule.ENVIRONMENT, value=f"{name}={environ[name]}")
    asked = environ.get("DO_NOT_TRACK", "").strip()
    if asked not in {"", "0"}:
        return Ruling(rule=Rule.DO_NOT_TRACK, value=f"DO_NOT_TRACK={asked}")
    return None if conf.ENABLED else Ruling(rule=Rule.SETTING)


def off_switches() -> list[tuple[str, bool]]:
    """List the environment variables that switch off, each with the answer that does."""
    return [("METRIC_COLLECTION", False), *conf.OFF_SWITCHES.items()]


def means(text: str, answer: bool) -> bool:
    """Whether an operator who wrote this in the environment gave this answer; nothing is neither.

    What disables is taken at any word but a no: whoever sets it at all wants to be rid of metrics.
    """
    return bool(text.strip()) and is_false_like(text) is not answer


def silenced(environ: Mapping[str, str] = os.environ) -> Ruling | None:
    """Apply the rules for machines that are nobody's installation, and for settings that cannot work."""
    if problems := conf.problems():
        return Ruling(rule=Rule.CONFIGURATION, value=problems[0].setting.name)
    if conf.SEND_IN_DEVELOPMENT:
        return None
    if settings.DEBUG:
        return Ruling(rule=Rule.DEBUG)
    if is_test_run():
        return Ruling(rule=Rule.TEST_RUN)
    named = environ.get("CI", "")
    is_set = named.strip().lower() in TRUE_WORDS
    return Ruling(rule=Rule.CI, value=f"CI={named}") if is_set else None


def is_test_run() -> bool:
    """Whether Django's test environment is set up here (its runner and pytest-django both do it)."""
    return hasattr(sys.modules.get("django.core.mail"), "outbox")


def by_operator(consent: Consent) -> Ruling:
    """Apply the operator's choice, or what the publisher's mode makes of their silence."""
    if consent.choice == Consent.Choice.DENIED:
        return Ruling(rule=Rule.DENIED)
    if consent.choice == Consent.Choice.GRANTED:
        return Ruling(rule=Rule.GRANTED, gathers=True, sends=True)
    if conf.CONSENT is Mode.OPT_IN:
        return Ruling(rule=Rule.OPT_IN)
    if conf.CONSENT is Mode.OPT_OUT:
        return Ruling(rule=Rule.OPT_OUT, gathers=True, sends=True)
    if consent.notice_shown_at is None:
        return Ruling(rule=Rule.NOTICE_PENDING, gathers=True)
    return Ruling(rule=Rule.NOTICE_SHOWN, gathers=True, sends=True)


def ruling(consent: Consent | None = None) -> Ruling:
    """Decide; one query, and none where a stronger rule has decided or `consent` is given."""
    return switched_off() or silenced() or by_operator(consent or Consent.objects.current())


def may_leave(category: str, allowed: Ruling) -> bool:
    """Whether a report of `category` may be posted: the one event of an opt-out goes after the no."""
    return allowed.sends or (allowed.rule is Rule.DENIED and category == WITHDRAWN)
