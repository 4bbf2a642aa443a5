import pytest

from metric_collection.probes import Counts, Facts
from metric_collection.probes.operating_system import OperatingSystem
from metric_collection.probes.probe import Fact, group_of, heading_of, name_of


def test_a_fact_is_immutable():
    fact = Fact(name="colour", description="The colour.", example="red", purpose="To paint.")
    assert (fact.since, fact.coarsened) == ("1.0", "")
    with pytest.raises(AttributeError):
        fact.name = "other"


def test_its_name_is_the_part_that_can_be_sent():
    words = {"description": "", "example": "", "purpose": ""}
    assert (
        Fact(name="nul\x00 lone\ud800" + "x" * 300, **words).name
        == "nul\ufffd lone\ufffd" + "x" * 245
    )


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_refused(name):
    with pytest.raises(ValueError, match="not a valid name"):
        Fact(name=name, description="", example="", purpose="")


def test_the_name_of_a_probe_is_the_path_of_its_class():
    class Colour:
        """Reports the colour."""

    assert name_of(Colour()).endswith(
        "test_probe.test_the_name_of_a_probe_is_the_path_of_its_class.<locals>.Colour"
    )


def test_a_probe_may_have_a_name_of_its_own():
    class Colour:
        """Reports the colour."""

        name = "METRIC_COLLECTION_FACTS"

    assert name_of(Colour()) == "METRIC_COLLECTION_FACTS"


def test_the_heading_of_a_probe_is_made_of_its_name():
    assert heading_of(OperatingSystem) == "Operating system"


def test_a_probe_may_have_a_heading_of_its_own():
    class RaspberryPi:
        """Reports the computer."""

        heading = "Raspberry Pi"

    assert heading_of(RaspberryPi) == "Raspberry Pi"


def test_a_class_called_probe_is_its_own_heading():
    class Probe:
        """Reports something."""

    assert heading_of(Probe) == "Probe"


def test_the_group_of_a_probe_is_its_short_name():
    assert group_of(OperatingSystem) == group_of(OperatingSystem()) == "operating-system"
    assert [group_of(probe) for probe in (Facts, Counts)] == ["facts", "counts"]


def test_a_publishers_probe_has_a_group_of_its_own():
    class WeatherReportProbe:
        """Reports the weather."""

    class Memory:
        """Reports what the product remembers."""

    assert group_of(WeatherReportProbe) == "weather-report"
    assert group_of(Memory) == "tests-memory"
