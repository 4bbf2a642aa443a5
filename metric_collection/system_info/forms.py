"""The switches of the System information page, and the filter of its list of reports."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ..campaigns import campaigns
from ..consent import campaigns as windows
from ..consent import rules
from ..consent.choice import choose, choose_group, groups
from ..models import Consent, Report
from .notice import put_off

CHOICES = {"on": Consent.Choice.GRANTED, "off": Consent.Choice.DENIED}
LATER = "later"
LARGEST_KEY = 2**63 - 1
MISTAKES = {
    "required": _("Nothing was chosen. Choose on or off."),
    "invalid_choice": _("“%(value)s” is not a valid choice. Choose on or off."),
}


class ChoiceForm(forms.Form):
    """A switch: `choice` is ``on`` or ``off``."""

    choice = forms.ChoiceField(choices=[(name, name) for name in CHOICES], error_messages=MISTAKES)

    def clean(self) -> None:
        if locked := self.lock():
            raise ValidationError(
                _("Nothing was changed. %(sentence)s"), params={"sentence": locked.sentence}
            )

    def lock(self) -> rules.Ruling | None:
        """Return the rule that keeps a choice from having an effect, if any."""
        return rules.switched_off()

    def save(self, *, now: datetime) -> str:
        """Save the choice; return the change for the admin log, which is in English, "" if there was none."""
        before, chosen = self.make(now=now), self.chosen
        return "" if chosen == before else f"{self.subject}: from {before.value} to {chosen.value}"

    @property
    def chosen(self) -> Consent.Choice:
        return CHOICES[self.cleaned_data["choice"]]

    @property
    def is_postponed(self) -> bool:
        return False

    @property
    def anchor(self) -> str:
        """Where on the page the choice was made, "" for its top."""
        return ""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What the choice is about, for the admin log."""
        ...

    @property
    @abstractmethod
    def message(self) -> str:
        """What was changed, for the operator."""
        ...

    @abstractmethod
    def make(self, *, now: datetime) -> Consent.Choice:
        """Save the choice and return the previous one."""
        ...


class SwitchForm(ChoiceForm):
    """The main switch; from the notice, `choice` may be ``later`` as well."""

    choice = forms.ChoiceField(
        choices=[(name, name) for name in (*CHOICES, LATER)], error_messages=MISTAKES
    )
    unsent = 0  # reports that a no deletes

    def save(self, *, now: datetime) -> str:
        if self.is_postponed:
            put_off(now=now)
            return ""
        self.unsent = Report.objects.queued().count()
        return super().save(now=now)

    @property
    def subject(self) -> str:
        return "Usage metrics"

    def make(self, *, now: datetime) -> Consent.Choice:
        return choose(self.chosen, now=now)

    @property
    def is_postponed(self) -> bool:
        return bool(self.cleaned_data["choice"] == LATER)

    @property
    def message(self) -> str:
        if self.is_postponed:
            return gettext("You will be asked again in a week.")
        if self.chosen == Consent.Choice.GRANTED:
            return gettext("Usage metrics are on.")
        deleted = ngettext(
            "%(number)d unsent report was deleted.",
            "%(number)d unsent reports were deleted.",
            self.unsent,
        )
        off = gettext("Usage metrics are off.")
        return f"{off} {deleted % {'number': self.unsent}}" if self.unsent else off


class GroupForm(ChoiceForm):
    """The switch of one group of facts, named by `group`, below the main one."""

    group = forms.CharField(error_messages={"required": _("No group was named.")}, strip=False)

    def clean_group(self) -> str:
        named: str = self.cleaned_data["group"]
        if named in groups():
            return named
        raise ValidationError(_("There is no group “%(value)s” here."), params={"value": named})

    @property
    def subject(self) -> str:
        return f"Usage metrics, group {self.cleaned_data['group']}"

    def make(self, *, now: datetime) -> Consent.Choice:  # noqa: ARG002  a group has no date
        return choose_group(self.cleaned_data["group"], self.chosen)

    @property
    def message(self) -> str:
        if self.chosen == Consent.Choice.GRANTED:
            return gettext("The group is on: its facts are sent with the next report.")
        return gettext("The group is off. Its facts were deleted from unsent reports.")

    @property
    def anchor(self) -> str:
        return f"#group-{self.cleaned_data['group']}"


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

    @property
    def subject(self) -> str:
        return f"Usage campaign {self.cleaned_data['campaign']}"

    def make(self, *, now: datetime) -> Consent.Choice:
        return windows.decide(self.cleaned_data["campaign"], self.chosen, now=now)

    @property
    def message(self) -> str:
        if self.chosen == Consent.Choice.GRANTED:
            return gettext("The campaign is on.")
        return gettext("The campaign is off. Its unsent data was deleted.")

    @property
    def anchor(self) -> str:
        """Return where the campaign is: they are numbered in the order of the settings."""
        return f"#campaign-{[*campaigns()].index(self.cleaned_data['campaign']) + 1}"


class ReportsForm(forms.Form):
    """Filters the list of reports: `before` is the key of the last report already seen."""

    before = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_KEY)
    state = forms.ChoiceField(required=False, choices=Report.State.choices)

    @property
    def wanted(self) -> dict[str, Any]:
        """The valid filters."""
        return {name: value for name, value in self.cleaned_data.items() if value not in {None, ""}}
