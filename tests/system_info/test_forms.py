from __future__ import annotations

from datetime import timedelta

import pytest

from metric_collection.consent.choice import choose
from metric_collection.models import CampaignConsent, Consent, Report
from metric_collection.outbox import enqueue
from metric_collection.system_info.forms import CampaignForm, GroupForm, ReportsForm, SwitchForm
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
UNKNOWN, GRANTED, DENIED = Consent.Choice


@pytest.mark.parametrize(("posted", "choice"), [("on", GRANTED), ("off", DENIED)])
def test_a_valid_choice_is_made(posted, choice, clock):
    form = SwitchForm({"choice": posted})
    assert form.is_valid()
    assert form.save(now=clock()) == f"Usage metrics: from unknown to {choice.value}"
    assert Consent.objects.current().choice == choice


@pytest.mark.parametrize("posted", ["ON", "yes", "true", "1", "granted", "<b>"])
def test_anything_else_is_quoted_back(posted):
    form = SwitchForm({"choice": posted})
    assert form.errors["choice"] == [f"“{posted}” is not a valid choice. Choose on or off."]


@pytest.mark.parametrize("posted", [{}, {"choice": ""}])
def test_nothing_is_no_choice(posted):
    assert SwitchForm(posted).errors["choice"] == ["Nothing was chosen. Choose on or off."]


def test_a_locked_switch_takes_no_choice_and_says_why(settings):
    settings.METRIC_COLLECTION = False
    (problem,) = SwitchForm({"choice": "on"}).non_field_errors()
    assert problem == (
        "Nothing was changed. Off, because METRIC_COLLECTION = False is set in the Django settings."
    )


def logged(form, now):
    assert form.is_valid()
    return form.save(now=now)


def test_a_repeated_answer_is_logged_as_it_may_cover_more(clock):
    logged(SwitchForm({"choice": "on"}), clock())
    assert logged(SwitchForm({"choice": "on"}), clock()) == "Usage metrics: granted again"


def test_a_yes_that_had_expired_is_logged_as_a_change(settings, clock):
    settings.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(days=365)
    for _year in range(2):
        expected = "Usage metrics: from unknown to granted"
        assert logged(SwitchForm({"choice": "on"}), clock()) == expected
        clock.advance(days=365)


def saved(form, now):
    assert form.is_valid()
    form.save(now=now)
    return form.message


@pytest.mark.parametrize(
    ("queued", "message"),
    [
        (0, "Usage metrics are off."),
        (1, "Usage metrics are off. 1 unsent report was deleted."),
        (3, "Usage metrics are off. 3 unsent reports were deleted."),
    ],
)
def test_the_message_after_a_no_counts_the_deleted_reports(queued, message, clock):
    for _ in range(queued):
        enqueue(b"{}", category="Heartbeat", now=clock())
    assert saved(SwitchForm({"choice": "off"}), clock()) == message


def test_a_second_no_deletes_what_came_back_and_says_so(clock):
    Consent.objects.create(choice=DENIED)
    enqueue(b"{}", category="Install", now=clock())
    message = saved(SwitchForm({"choice": "off"}), clock())
    assert message == "Usage metrics are off. 1 unsent report was deleted."
    assert not Report.objects.exists()


def test_a_second_no_neither_deletes_nor_counts_the_event_of_the_first(settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    for _superuser in range(2):
        assert saved(SwitchForm({"choice": "off"}), clock()) == "Usage metrics are off."
    assert Report.objects.queued().count() == 1


def test_the_message_after_a_yes_says_that_metrics_are_on(clock):
    assert saved(SwitchForm({"choice": "on"}), clock()) == "Usage metrics are on."


def test_later_decides_nothing_and_says_when_the_question_returns(clock):
    message = saved(SwitchForm({"choice": "later"}), clock())
    assert message == "You will be asked again in a week."
    row = Consent.objects.current()
    assert (row.choice, row.notice_postponed_until) == (UNKNOWN, clock() + timedelta(days=7))


class TestGroups:
    @pytest.mark.parametrize(("posted", "declined"), [("on", []), ("off", ["operating-system"])])
    def test_a_valid_choice_is_made_for_the_group_alone(self, posted, declined, clock):
        form = GroupForm({"group": "operating-system", "choice": posted})
        assert f"The group is {posted}" in saved(form, clock())
        assert form.anchor == "#group-operating-system"
        row = Consent.objects.current()
        assert (row.declined_groups, row.choice) == (declined, UNKNOWN)

    def test_a_change_is_described_for_the_log(self, clock):
        form = GroupForm({"group": "product", "choice": "off"})
        assert form.is_valid()
        assert form.save(now=clock()) == "Usage metrics, group product: from granted to denied"

    @pytest.mark.parametrize(
        ("group", "problem"),
        [("", "No group was named."), ("x", "There is no group “x” here.")],
    )
    def test_an_unknown_group_is_quoted_back(self, group, problem):
        assert GroupForm({"group": group, "choice": "on"}).errors["group"] == [problem]

    def test_a_group_cannot_be_postponed(self):
        form = GroupForm({"group": "product", "choice": "later"})
        assert form.errors["choice"] == ["“later” is not a valid choice. Choose on or off."]


def test_a_filter_keeps_what_is_valid():
    form = ReportsForm({"before": "7", "state": "lost"})
    assert not form.is_valid()
    assert form.wanted == {"before": 7}


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

    def test_a_yes_whose_window_is_over_is_logged_as_a_change(self, clock):
        for _window in range(2):
            form = CampaignForm({"campaign": "search", "choice": "on"})
            assert logged(form, clock()) == "Usage campaign search: from unknown to granted"
            clock.advance(days=11)

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
