from __future__ import annotations

import pytest

from metric_collection.consent.choice import choose
from metric_collection.models import CampaignConsent, Consent
from metric_collection.system_info.forms import CampaignForm, SwitchForm
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
_UNKNOWN, GRANTED, DENIED = Consent.Choice


@pytest.mark.parametrize(("posted", "choice"), [("on", GRANTED), ("off", DENIED)])
def test_a_valid_choice_is_made(posted, choice, clock):
    form = SwitchForm({"choice": posted})
    assert form.is_valid()
    assert form.save(now=clock()) == f"Usage metrics: from unknown to {choice.value}"
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


def test_a_choice_that_changes_nothing_is_nothing_to_log(clock):
    for expected in ("Usage metrics: from unknown to granted", ""):
        form = SwitchForm({"choice": "on"})
        assert form.is_valid()
        assert form.save(now=clock()) == expected


class TestCampaigns:
    @pytest.fixture(autouse=True)
    def declared(self, settings):
        settings.METRIC_COLLECTION_CAMPAIGNS = {"export": daily(), "search": daily()}
        return settings

    @pytest.mark.parametrize(("posted", "choice"), [("on", GRANTED), ("off", DENIED)])
    def test_a_valid_choice_is_made_for_the_campaign_alone(self, posted, choice, clock):
        form = CampaignForm({"campaign": "search", "choice": posted})
        assert form.is_valid()
        expected = f"Usage campaign search: from unknown to {choice.value}"
        assert form.save(now=clock()) == expected
        assert form.anchor == "#campaign-2"
        row = CampaignConsent.objects.get()
        assert (row.campaign_id, row.choice) == ("search", choice)
        assert Consent.objects.get().choice == "unknown"

    @pytest.mark.parametrize(
        ("campaign", "problem"),
        [
            ("", "No campaign was named."),
            ("Search", "There is no campaign “Search” here."),
            ("search ", "There is no campaign “search ” here."),
        ],
    )
    def test_a_campaign_that_is_not_declared_is_quoted_back(self, campaign, problem):
        form = CampaignForm({"campaign": campaign, "choice": "on"})
        assert form.errors["campaign"] == [problem]

    def test_no_campaign_can_be_chosen_while_the_main_switch_is_off(self, declared, clock):
        posted = {"campaign": "search", "choice": "on"}
        choose(DENIED, now=clock())
        (problem,) = CampaignForm(posted).non_field_errors()
        assert problem == "Nothing was changed. Off, because a superuser has declined."
        declared.METRIC_COLLECTION = False
        (problem,) = CampaignForm(posted).non_field_errors()
        assert "METRIC_COLLECTION = False" in problem

    def test_in_opt_in_mode_the_main_switch_comes_first(self, declared, clock):
        declared.METRIC_COLLECTION_CONSENT = "opt-in"
        posted = {"campaign": "search", "choice": "on"}
        assert CampaignForm(posted).non_field_errors()
        choose(GRANTED, now=clock())
        assert CampaignForm(posted).is_valid()
