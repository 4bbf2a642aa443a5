"""What the System information page is asked for and told."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ..campaigns import campaigns
from ..consent import campaigns as windows
from ..consent import rules as consent
from ..consent.choice import choose
from ..models import Consent

CHOICES = {"on": Consent.Choice.GRANTED, "off": Consent.Choice.DENIED}


class SwitchForm(forms.Form):
    """The switch: ``choice`` is ``on`` or ``off``, and nothing while a stronger rule decides."""

    choice = forms.ChoiceField(
        choices=[(choice, choice) for choice in CHOICES],
        error_messages={
            "required": _("Nothing was chosen. Choose on or off."),
            "invalid_choice": _("“%(value)s” is no choice. Choose on or off."),
        },
    )

    def clean(self) -> None:
        if locked := self.lock():
            raise ValidationError(
                _("Nothing was changed. %(sentence)s"), params={"sentence": locked.sentence}
            )

    def lock(self) -> consent.Ruling | None:
        """Return the rule that makes a choice pointless, if any."""
        return consent.switched_off()

    def save(self, *, now: datetime) -> str:
        """Make the choice; say for the log what was changed from what to what, "" if nothing was."""
        before = choose(self.chosen, now=now)
        return changed("Usage metrics", before, self.chosen)

    @property
    def chosen(self) -> Consent.Choice:
        return CHOICES[self.cleaned_data["choice"]]

    @property
    def anchor(self) -> str:
        """Return where on the page the choice was made, "" for its top."""
        return ""


class CampaignForm(SwitchForm):
    """The switch of one campaign, which ``campaign`` names, below the main one."""

    campaign = forms.CharField(
        error_messages={"required": _("No campaign was named.")}, strip=False
    )

    def clean_campaign(self) -> str:
        named: str = self.cleaned_data["campaign"]
        if named in campaigns():
            return named
        raise ValidationError(_("There is no campaign “%(value)s” here."), params={"value": named})

    def lock(self) -> consent.Ruling | None:
        """Return what keeps the main switch, and with it all campaigns, off."""
        return windows.lock(Consent.objects.current())

    def save(self, *, now: datetime) -> str:
        """Make the choice for the campaign; say the same as the main switch."""
        named = self.cleaned_data["campaign"]
        before = windows.decide(named, self.chosen, now=now)
        return changed(f"Usage campaign {named}", before, self.chosen)

    @property
    def anchor(self) -> str:
        """Return where the campaign is: they are numbered in the order of the settings."""
        return f"#campaign-{[*campaigns()].index(self.cleaned_data['campaign']) + 1}"


def changed(subject: str, before: Consent.Choice, chosen: Consent.Choice) -> str:
    """Say for the log, in English as all of it, what was changed from what to what."""
    return "" if chosen == before else f"{subject}: from {before.value} to {chosen.value}"


class RecordForm(forms.Form):
    """Where to go on in the record: ``before`` is the key of the last report already seen."""

    before = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
