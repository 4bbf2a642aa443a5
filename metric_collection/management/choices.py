"""Saving a choice from a shell, for everything or for a part, and describing its effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from ..campaigns import campaigns
from ..consent import campaigns as windows
from ..consent.choice import choose, choose_group, groups
from ..consent.rules import WITHDRAWN, by_operator, ruling
from ..models import Consent, Report
from ..system_info import campaigns as usage
from ..system_info.reports import deleted, unsent

DENIED = Consent.Choice.DENIED


def choose_everything(choice: Consent.Choice, now: datetime) -> list[str]:
    """Use the main switch."""
    before = unsent()
    choose(choice, now=now)
    lines = [ruling().sentence]
    if choice == DENIED:
        is_reported = Report.objects.queued().filter(category=WITHDRAWN).exists()
        return [
            *lines,
            deleted(before) or _("There were no unsent reports."),
            *([_("One last event reports the opt-out.")] * is_reported),
        ]
    return [*lines, *not_in_effect()]


def choose_campaign(campaign_id: str, choice: Consent.Choice, now: datetime) -> list[str]:
    """Use the switch of one campaign."""
    refuse_unknown("campaign", campaign_id, sorted(campaigns()))
    before = unsent()
    windows.decide(campaign_id, choice, now=now)
    found = {each.declared.id: each for each in usage.usages(Consent.objects.current(), now=now)}
    lines = [found[campaign_id].sentence]
    if choice == DENIED:
        return [*lines, deleted(before) or _("There were no unsent reports.")]
    return [*lines, *not_in_effect()]


def choose_facts(group: str, choice: Consent.Choice) -> list[str]:
    """Use the switch of one group of facts."""
    refuse_unknown("group", group, [*groups(), *Consent.objects.current().declined_groups])
    choose_group(group, choice)
    if choice == DENIED:
        return [_("The group is off. Its facts were deleted from unsent reports.")]
    return [_("The group is on: its facts are sent with the next report."), *not_in_effect()]


def not_in_effect() -> list[str]:
    """Explain why a yes has no effect yet, if a stronger rule decides."""
    if ruling().rule is by_operator(Consent.objects.current()).rule:
        return []
    return [_("Your choice takes effect once this reason no longer applies.")]


def refuse_unknown(kind: str, name: str, known: Sequence[str]) -> None:
    """Raise CommandError for a name that is not known, with those that are."""
    if name not in known:
        names = ", ".join(dict.fromkeys(known)) or "none"
        raise CommandError(f"There is no {kind} {name!r}. There are: {names}.")
