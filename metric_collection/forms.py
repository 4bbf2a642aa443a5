"""What the System information page is asked for and told."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from . import consent
from .models import Consent

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
        if locked := consent.switched_off():
            raise ValidationError(
                _("Nothing was changed. %(sentence)s"), params={"sentence": locked.sentence}
            )

    def save(self, *, now: datetime) -> tuple[Consent.Choice, Consent.Choice]:
        """Make the choice; return the one before and this one."""
        chosen = CHOICES[self.cleaned_data["choice"]]
        return consent.choose(chosen, now=now), chosen


class RecordForm(forms.Form):
    """Where to go on in the record: ``before`` is the key of the last report already seen."""

    before = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
