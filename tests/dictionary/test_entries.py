from __future__ import annotations

import pytest

from metric_collection.consent.choice import choose
from metric_collection.dictionary.entries import as_declared, as_found_here
from metric_collection.models import Consent
from metric_collection.probes import Unknown
from metric_collection.probes.facts import Facts
from metric_collection.reporting.collection import Collection


def entry_of(dictionary, name):
    return next(entry for entry in dictionary.entries if entry.fact.name == name)


def unsent(dictionary) -> dict[str, str]:
    return {entry.fact.name: entry.reason for entry in dictionary.entries if not entry.is_sent}


def test_declared_facts_are_described_without_values_of_this_machine(settings):
    """No database is open to this test."""

    def asked():
        raise AssertionError

    settings.METRIC_COLLECTION_FACTS = {"mode": {"value": asked, "example": "hardware"}}
    settings.METRIC_COLLECTION_COUNTS = {"users": "auth.User"}
    dictionary = as_declared()
    mode = entry_of(dictionary, "mode")
    assert (mode.fact.example, mode.probe, mode.is_sent) == ("hardware", Facts, None)
    assert mode.source == "METRIC_COLLECTION_FACTS['mode']"
    assert dictionary.state == ""
    assert "users" in [entry.fact.name for entry in dictionary.entries]


def test_a_campaign_is_part_of_it(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {
        "speed": {
            "title": "Speed",
            "purpose": "To know it.",
            "start": "2026-01-01T00:00:00Z",
            "end": "2026-12-31T00:00:00Z",
            "aggregationPeriodLength": 7,
        }
    }
    assert [declared.title for declared in as_declared().campaigns] == ["Speed"]


@pytest.mark.django_db
class TestHere:
    @pytest.fixture(autouse=True)
    def facts(self, settings):
        settings.METRIC_COLLECTION_FACTS = {"edition": lambda: "free", "region": lambda: None}

    def test_the_examples_are_the_values_of_this_machine_where_it_has_any(self):
        dictionary = as_found_here()
        assert entry_of(dictionary, "edition").fact.example == "free"
        assert entry_of(dictionary, "region").fact.example == "stable"

    def test_a_fact_with_a_value_is_sent(self):
        dictionary = as_found_here()
        assert entry_of(dictionary, "edition").is_sent
        assert unsent(dictionary) == {"region": "not known here"}
        assert dictionary.state == "On, which is the default."

    def test_a_probe_says_why_a_value_is_unknown(self, settings):
        settings.METRIC_COLLECTION_FACTS = {"region": lambda: Unknown("no region is configured")}
        reason = "not known here, because no region is configured"
        assert unsent(as_found_here()) == {"region": reason}

    def test_after_a_no_nothing_is_sent(self, clock):
        choose(Consent.Choice.DENIED, now=clock())
        dictionary = as_found_here()
        assert not any(entry.is_sent for entry in dictionary.entries)
        assert dictionary.state == "Off, because a superuser has declined."

    def test_an_undisclosed_fact_is_held_back(self, settings, clock):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(Consent.Choice.GRANTED, now=clock())
        settings.METRIC_COLLECTION_FACTS = {"edition": "free", "channel": "stable"}
        assert unsent(as_found_here()) == {"channel": "held back until consent covers it"}

    def test_after_an_install_that_was_all_no_report_is_planned(self, settings):
        settings.METRIC_COLLECTION_CATEGORIES = ["Install"]
        assert entry_of(as_found_here(), "edition").is_sent
        Collection().record()
        assert set(unsent(as_found_here()).values()) == {"no further report is planned"}
