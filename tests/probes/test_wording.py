import pytest

from metric_collection.probes.probe import Fact, missing_words, worded

FACT = Fact(name="channel", description="Some.", example="1", purpose="To know.")


def release_channel():
    """The channel that updates come from.

    This is for the makers.
    """


def test_a_function_describes_the_fact_it_makes():
    fact = worded(FACT, entry=release_channel, source=release_channel)
    assert fact.description == "The channel that updates come from."
    assert fact.purpose == FACT.purpose


def test_the_words_of_the_settings_come_before_the_docstring():
    entry = {"value": release_channel, "description": "The channel.", "since": "2.0"}
    fact = worded(FACT, entry=entry, source=release_channel)
    assert (fact.description, fact.since) == ("The channel.", "2.0")


@pytest.mark.parametrize("source", ["stable", None, 5, str, lambda: "stable"])
def test_a_source_without_a_docstring_does_not_change_the_words(source):
    assert worded(FACT, entry=source, source=source) == FACT


def test_a_missing_docstring_or_purpose_is_reported():
    class Silent:
        facts = [Fact(name="channel", description="Some.", example="1", purpose=" ")]

    assert list(missing_words(Silent())) == ["docstring", "purpose of 'channel'"]
