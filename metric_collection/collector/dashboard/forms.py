"""The choices of the dashboard, from the query string."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ..models import Period, Site, Value

RANGES = [(28, _("4 weeks")), (90, _("90 days")), (365, _("a year"))]
USUAL = 90


class DashboardForm(forms.Form):
    """A site, a number of days until today, and a version (a minor); anything invalid is ignored."""

    site = forms.ModelChoiceField(Site.objects.products(), required=False, label=_("Product"))
    days = forms.TypedChoiceField(
        choices=RANGES, coerce=int, empty_value=None, required=False, label=_("Time")
    )
    version = forms.CharField(max_length=40, required=False, label=_("Version"))

    def chosen(self) -> dict[str, Any]:
        """Return the valid choices, and defaults for the others."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        return {"site": None, "days": USUAL, "version": "", **found}


class DecisionForm(forms.Form):
    """A decision about a held period."""

    PUBLISH, LEAVE_OUT = "publish", "leave-out"

    period = forms.ModelChoiceField(
        Period.objects.filter(state=Period.State.HELD).select_related("site")
    )
    decision = forms.ChoiceField(choices=[(PUBLISH, PUBLISH), (LEAVE_OUT, LEAVE_OUT)])
    note = forms.CharField(max_length=200, required=False)


class HideForm(forms.Form):
    """A value that is not to be published."""

    hide = forms.ModelChoiceField(Value.objects.filter(is_hidden=False).select_related("fact"))


class ImportForm(forms.Form):
    """A file of reports."""

    file = forms.FileField(label=_("File of reports (JSON lines)"))
