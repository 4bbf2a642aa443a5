from __future__ import annotations

import pytest

from metric_collection.consent.choice import choose_group
from metric_collection.models import Consent
from metric_collection.probes import Fact, Unknown, registry
from metric_collection.system_info.groups import FOLDED, groups

pytestmark = pytest.mark.django_db


class Weather:
    """Reports the weather."""

    facts = (
        Fact(name="Sky", description="The sky.", example="blue", purpose="To know it."),
        Fact(name="Wind", description="The wind.", example="no", purpose="To know it."),
        Fact(name="Rain", description="The rain.", example="no", purpose="To know it."),
    )

    def gather(self):
        return {"Sky": 'a & b <c> "é"', "Wind": None, "Rain": Unknown("there is no gauge")}


class Many:
    """Reports more than fits."""

    facts = tuple(
        Fact(name=f"Fact {number}", description="", example="", purpose="To know it.")
        for number in range(FOLDED + 1)
    )

    def gather(self):
        return {}


@pytest.fixture(autouse=True)
def probes(settings):
    settings.METRIC_COLLECTION_PROBES = [f"{__name__}.Weather", f"{__name__}.Many"]


def group(name, *, gathered=True):
    consent = Consent.objects.current()
    found = groups(consent, registry.gather(declined=consent.declined_groups) if gathered else None)
    return next(each for each in found if each.id == name)


def test_facts_are_grouped_by_probe_with_values_and_reasons():
    sky, wind, rain = group("weather").facts
    assert (sky.fact.name, sky.value) == ("Sky", 'a & b <c> "é"')
    assert (wind.value, wind.reason) == ("", "no value, not sent")
    assert (rain.value, rain.reason) == ("", "not known here: there is no gauge")


def test_a_purpose_that_all_facts_share_is_that_of_the_group():
    weather = group("weather")
    assert weather.purpose == "To know it."
    assert weather.facts[0].words == ["The sky."]


def test_several_purposes_are_those_of_the_facts():
    system = group("operating-system")
    assert system.purpose == ""
    assert system.facts[0].words[-1].startswith("To know")


def test_a_description_that_contains_the_name_of_its_fact_is_shown(settings):
    edition = {"value": "community", "description": "The edition of the product."}
    settings.METRIC_COLLECTION_FACTS = {"edition": edition}
    (shared,) = group("facts").facts
    assert "The edition of the product." in shared.words


def test_large_groups_are_folded():
    assert not group("weather").is_folded
    assert group("many").is_folded
    assert group("many").gist == "13 facts"


def test_facts_can_be_written_one_on_each_line():
    assert group("weather").lines.splitlines()[1:] == [
        "Wind no value, not sent",
        "Rain not known here: there is no gauge",
    ]


def test_modules_are_counted_as_such(settings):
    settings.METRIC_COLLECTION_MODULES = ["django"]
    assert group("modules").gist == "1 module"


def test_a_declined_group_is_listed_without_values():
    choose_group("weather", Consent.Choice.DENIED)
    weather = group("weather")
    assert not weather.is_on
    assert [shared.value for shared in weather.facts] == ["", "", ""]
    assert weather.listed == "Sky, Wind, Rain"


def test_facts_that_are_held_back_show_no_value(settings, clock):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    Consent.objects.create(notice_shown_at=clock(), disclosed=["Sky"])
    sky, wind, _rain = group("weather").facts
    assert sky.value
    assert wind.reason == "new, not sent before a superuser has seen the notice"


def test_every_fact_that_can_be_sent_is_in_a_group():
    listed = [fact for each in groups(Consent.objects.current()) for fact in each.names]
    assert listed == [fact.name for _probe, fact in registry.declared()]
