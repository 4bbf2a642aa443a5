from __future__ import annotations

import pytest

from metric_collection.forms import SwitchForm
from metric_collection.models import Consent

pytestmark = pytest.mark.django_db
UNKNOWN, GRANTED, DENIED = Consent.Choice


@pytest.mark.parametrize(("posted", "choice"), [("on", GRANTED), ("off", DENIED)])
def test_a_valid_choice_is_made(posted, choice, clock):
    form = SwitchForm({"choice": posted})
    assert form.is_valid()
    assert form.save(now=clock()) == (UNKNOWN, choice)
    assert Consent.objects.current().choice == choice


@pytest.mark.parametrize("posted", ["ON", "yes", "true", "1", "granted", "<b>"])
def test_anything_else_is_quoted_back(posted):
    form = SwitchForm({"choice": posted})
    assert form.errors["choice"] == [f"“{posted}” is no choice. Choose on or off."]


@pytest.mark.parametrize("posted", [{}, {"choice": ""}])
def test_nothing_is_no_choice(posted):
    assert SwitchForm(posted).errors["choice"] == ["Nothing was chosen. Choose on or off."]


def test_a_locked_switch_takes_no_choice_and_says_why(settings):
    settings.METRIC_COLLECTION = False
    (problem,) = SwitchForm({"choice": "on"}).non_field_errors()
    assert problem == (
        "Nothing was changed. Off, because METRIC_COLLECTION = False is set in the Django settings."
    )
