"""The switches of the System information page, and the filter of its list of reports."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..campaigns import campaigns
from ..consent import campaigns as windows
from ..consent import rules
from ..consent.choice import choose, choose_group, groups, postpone
from ..models import Consent, Report
from .notice import POSTPONED
from .reports import deleted, unsent

CHOICES = {"on": Consent.Choice.GRANTED, "off": Consent.Choice.DENIED}
LATER = "later"
LARGEST_KEY = 2**63 - 1  # the largest primary key
MISTAKES = {
    "required": _("Nothing was chosen. Choose on or off."),
    "invalid_choice": _("“%(value)s” is not a valid choice. Choose on or off."),
}


class ChoiceForm(forms.Form):
    """A switch: `choice` is ``on`` or ``off``."""

    choice = forms.ChoiceField(choices=[(name, name) for name in CHOICES], error_messages=MISTAKES)

    message = ""  # after `save`, the confirmation for the operator
    anchor = ""  # after `save`, where on the page the choice was made, "" for its top
    is_postponed = False

    def clean(self) -> None:
        if locked := self.lock():
            raise ValidationError(
                _("Nothing was changed. %(sentence)s"), params={"sentence": locked.sentence}
            )

    def lock(self) -> rules.Ruling | None:
        """Return the rule that keeps a choice from having an effect, if any."""
        return rules.switched_off()

    def save(self, *, now: datetime) -> str:
        """Save the choice; return the words for the admin log, which is in English, "" if it is no answer.

        A repeated answer is logged as well: it may cover facts that were added.
        """
        choice = CHOICES[self.cleaned_data["choice"]]
        subject, before = self.make(choice, now=now)
        if choice == before:
            return f"{subject}: {choice.value} again"
        return f"{subject}: from {before.value} to {choice.value}"

    @abstractmethod
    def make(self, choice: Consent.Choice, *, now: datetime) -> tuple[str, Consent.Choice]:
        """Save the choice, set `message` and `anchor`; return its subject for the log, and the previous choice."""
        ...


class SwitchForm(ChoiceForm):
    """The main switch; from the notice, `choice` may be ``later`` as well."""

    choice = forms.ChoiceField(
        choices=[(name, name) for name in (*CHOICES, LATER)], error_messages=MISTAKES
    )

    def save(self, *, now: datetime) -> str:
        self.is_postponed = self.cleaned_data["choice"] == LATER
        if not self.is_postponed:
            return super().save(now=now)
        postpone(now + POSTPONED, now=now)
        self.message = gettext("You will be asked again in a week.")
        return ""

    def make(self, choice: Consent.Choice, *, now: datetime) -> tuple[str, Consent.Choice]:
        queued = unsent()
        before = choose(choice, now=now)
        if choice == Consent.Choice.GRANTED:
            self.message = gettext("Usage metrics are on.")
        else:
            self.message = f"{gettext('Usage metrics are off.')} {deleted(queued)}".rstrip()
        return "Usage metrics", before


class GroupForm(ChoiceForm):
    """The switch of one group of facts, named by `group`, below the main one."""

    group = forms.CharField(error_messages={"required": _("No group was named.")}, strip=False)

    def clean_group(self) -> str:
        named: str = self.cleaned_data["group"]
        if named in groups():
            return named
        raise ValidationError(_("There is no group “%(value)s” here."), params={"value": named})

    def make(self, choice: Consent.Choice, *, now: datetime) -> tuple[str, Consent.Choice]:  # noqa: ARG002
        group = self.cleaned_data["group"]
        self.anchor = f"#group-{group}"
        if choice == Consent.Choice.GRANTED:
            self.message = gettext("The group is on: its facts are sent with the next report.")
        else:
            self.message = gettext("The group is off. Its facts were deleted from unsent reports.")
        return f"Usage metrics, group {group}", choose_group(group, choice)


class CampaignForm(ChoiceForm):
    """The switch of one campaign, named by `campaign`, below the main one."""

    campaign = forms.CharField(
        error_messages={"required": _("No campaign was named.")}, strip=False
    )

    def clean_campaign(self) -> str:
        named: str = self.cleaned_data["campaign"]
        if named in campaigns():
            return named
        raise ValidationError(_("There is no campaign “%(value)s” here."), params={"value": named})

    def lock(self) -> rules.Ruling | None:
        """Return the rule that keeps the main switch, and with it all campaigns, off."""
        return windows.lock(Consent.objects.current())

    def make(self, choice: Consent.Choice, *, now: datetime) -> tuple[str, Consent.Choice]:
        campaign_id = self.cleaned_data["campaign"]
        # The page numbers campaigns in the order of the settings, as an id may hold any character.
        self.anchor = f"#campaign-{[*campaigns()].index(campaign_id) + 1}"
        if choice == Consent.Choice.GRANTED:
            self.message = gettext("The campaign is on.")
        else:
            self.message = gettext("The campaign is off. Its unsent data was deleted.")
        return f"Usage campaign {campaign_id}", windows.decide(campaign_id, choice, now=now)


class ReportsForm(forms.Form):
    """Filters the list of reports: `before` is the key of the last report already seen."""

    before = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_KEY)
    state = forms.ChoiceField(required=False, choices=Report.State.choices)

    @property
    def wanted(self) -> dict[str, Any]:
        """The valid filters."""
        return {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}
