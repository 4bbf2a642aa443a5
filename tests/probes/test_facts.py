import logging

import pytest

from metric_collection.probes.registry import declared, gather


def running_mode():
    """How the server runs."""
    return "software"


def broken():
    raise LookupError("hunter2")


def found(name):
    return gather().facts.get(name)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("stable", "stable"),
        ("1.0", "1.0"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (running_mode, "software"),
        (f"{__name__}.running_mode", "software"),
        ({"value": running_mode}, "software"),
        ({"value": f"{__name__}.running_mode", "purpose": "To know."}, "software"),
        (None, None),
        ("", None),
        (lambda: None, None),
    ],
)
def test_a_fact_has_the_value_in_the_settings(settings, entry, text):
    settings.METRIC_COLLECTION_FACTS = {"mode": entry}
    assert found("mode") == text


@pytest.mark.parametrize(
    "entry", [broken, f"{__name__}.broken", "acme.__version__", {"purpose": "no value"}, ["a"]]
)
def test_a_failing_fact_costs_only_itself(settings, caplog, entry):
    caplog.set_level(logging.DEBUG)
    settings.METRIC_COLLECTION_FACTS = {"mode": entry, "channel": "stable"}
    assert (found("mode"), found("channel")) == (None, "stable")
    assert "METRIC_COLLECTION_FACTS['mode']" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_fact_is_described_by_its_entry_or_its_docstring(settings):
    settings.METRIC_COLLECTION_FACTS = {
        "channel": "stable",
        "mode": f"{__name__}.running_mode",
        "gui": True,
        "region": None,
        "lost": "acme.nowhere",
        "profile": {"value": running_mode, "description": "D.", "example": "E", "purpose": "P."},
    }
    words = {
        fact.name: (fact.description, fact.example, fact.purpose)
        for _probe, fact in declared()
        if fact.name in settings.METRIC_COLLECTION_FACTS
    }
    purpose = "To know how the product is set up."
    stated = "A fact from the settings of the product."
    assert words == {
        "channel": (stated, "stable", purpose),
        "mode": ("How the server runs.", "stable", purpose),
        "gui": (stated, "true", purpose),
        "region": (stated, "stable", purpose),
        "lost": (stated, "stable", purpose),
        "profile": ("D.", "E", "P."),
    }


def test_the_dictionary_says_which_setting_a_fact_comes_from(settings):
    settings.METRIC_COLLECTION_FACTS = {"channel": "stable"}
    [name] = [probe.name for probe, fact in declared() if fact.name == "channel"]
    assert name == "METRIC_COLLECTION_FACTS['channel']"
    assert gather().readings["channel"].source == name
