import logging
import sys

import pytest

from metric_collection.probes.probe import Compared, Fact, Unknown
from metric_collection.probes.registry import declared, gather

LOGGER = "metric_collection.probes.registry"


def fact(name, **extra):
    return Fact(name=name, description="A test's.", example="1", purpose="To test.", **extra)


class Weather:
    """Reports what it was made for."""

    facts = (fact("weather"),)

    def __init__(self, *, weather="fine"):
        self.weather = weather

    def gather(self):
        return {"weather": self.weather}


rainy = Weather(weather="rain")


class Broken:
    """Fails with a secret in its message."""

    facts = (fact("broken"),)

    def gather(self):
        raise RuntimeError("hunter2")


class Exiting(Weather):
    """Ends the process, as a command-line script does."""

    def gather(self):
        sys.exit(2)


class Undeclarable(Weather):
    """Cannot even say what it would report."""

    @property
    def facts(self):
        raise LookupError("hunter2")


class Talkative:
    """Says more than it declared."""

    facts = (fact("said"), fact("unsaid"), fact("empty"), fact("listed"))

    def gather(self):
        return {
            "said": True,
            "secret": "hunter2",
            "unsaid": None,
            "empty": "",
            "listed": ["hunter2"],
        }


class Copycat:
    """Declares what another has."""

    facts = (fact("weather"), fact("own"))

    def gather(self):
        return {"weather": "hunter2", "own": 1}


def declared_names():
    return [fact.name for _, fact in declared()]


@pytest.fixture
def use(settings):
    def use(*classes):
        settings.METRIC_COLLECTION_PROBES = [f"{__name__}.{name}" for name in classes]

    return use


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG, logger=LOGGER)
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


def test_the_default_facts_come_in_the_order_of_the_page(settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.0"
    settings.METRIC_COLLECTION_MODULES = []
    settings.METRIC_COLLECTION_LIBRARIES = ["django"]
    names = [
        "Acme Version",
        "Django",
        "os_version",
        "kernel_version",
        "hardware_platform",
        "Installation Method",
        "first_report_of",
    ]
    assert declared_names() == names
    assert list(gather().facts) == names


def test_a_publishers_probe_is_asked_after_the_default_ones(use):
    use("Weather")
    gathered = gather()
    assert list(gathered.facts.items())[-1] == ("weather", "fine")
    assert gathered.readings["weather"].source == f"{__name__}.Weather"
    assert gathered.compared["weather"] is Compared.NEVER
    assert gathered.failed == []


def test_a_dotted_path_may_name_an_instance(use):
    use("rainy")
    assert gather().facts["weather"] == "rain"


def test_a_probe_takes_options(settings):
    settings.METRIC_COLLECTION_PROBES = [(f"{__name__}.Weather", {"weather": "snow"})]
    assert gather().facts["weather"] == "snow"


def test_wrong_options_are_not_quoted_in_the_log(settings, logged):
    settings.METRIC_COLLECTION_PROBES = [(f"{__name__}.Weather", {"password": "hunter2"})]
    gather()
    assert logged()[0] == ("WARNING", f"Probe {__name__}.Weather cannot be loaded: TypeError")


def test_a_probe_that_fails_fails_alone(use):
    use("Broken", "Weather")
    gathered = gather()
    assert gathered.facts["weather"] == "fine"
    assert "broken" not in gathered.facts
    assert gathered.failed == [f"{__name__}.Broken"]
    assert gathered.unknown["broken"] == "gathering it failed; the log has the error"


def test_a_probe_that_exits_fails_alone(use):
    use("Exiting")
    gathered = gather()
    assert gathered.failed == [f"{__name__}.Exiting"]
    assert "os_version" in gathered.facts


def test_a_probe_whose_declaration_fails_fails_alone(use):
    use("Undeclarable", "Weather")
    assert gather().failed == [f"{__name__}.Undeclarable"]
    assert declared_names()[-1] == "weather"


@pytest.mark.parametrize("name", ["Missing", "fact"])
def test_a_probe_that_cannot_be_loaded_costs_only_itself(use, logged, name):
    use(name, "Weather")
    assert gather().facts["weather"] == "fine"
    assert any(f"{__name__}.{name} cannot be loaded" in message for _, message in logged())


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (["*"], ["Acme Version", "hardware_platform", "os_version", "own", "weather"]),
        (["os_version", "weather"], ["os_version", "weather"]),
        (["o*"], ["os_version", "own"]),
        (["OS_VERSION"], []),
        ([], []),
    ],
)
def test_the_publisher_selects_facts_by_name_or_pattern(use, settings, selection, names):
    use("Weather", "Copycat")
    settings.METRIC_COLLECTION_SELECTION = selection
    settled = {"Acme Version", "hardware_platform", "os_version", "own", "weather"}
    assert sorted(settled.intersection(declared_names())) == names
    assert sorted(settled.intersection(gather().facts)) == names


def test_without_categories_no_fact_is_gathered(use, settings):
    use("Broken")
    settings.METRIC_COLLECTION_CATEGORIES = []
    gathered = gather()
    assert (declared_names(), gathered.facts, gathered.failed) == ([], {}, [])


def test_a_probe_without_a_selected_fact_is_not_asked(use, settings):
    use("Broken")
    settings.METRIC_COLLECTION_SELECTION = ["os_version"]
    gathered = gather()
    assert (list(gathered.facts), gathered.failed) == (["os_version"], [])


def test_only_declared_facts_with_a_value_are_kept(use):
    use("Talkative")
    found = {
        name: text
        for name, text in gather().facts.items()
        if name in {"said", "secret", "unsaid", "empty", "listed"}
    }
    assert found == {"said": "true"}


def test_a_name_belongs_to_the_first_probe_that_declares_it(use):
    use("Weather", "Copycat")
    gathered = gather()
    assert (gathered.facts["weather"], gathered.facts["own"]) == ("fine", "1")
    assert [type(probe).__name__ for probe, fact in declared() if fact.name == "weather"] == [
        "Weather"
    ]


def test_a_declined_group_is_neither_declared_nor_gathered(use, settings):
    use("Broken", "Weather")
    settings.METRIC_COLLECTION_FACTS = {
        "mode": lambda: pytest.fail("a declined group was gathered")
    }
    gathered = gather(declined=["broken", "facts", "operating-system"])
    assert gathered.failed == []
    assert "weather" in gathered.facts
    assert not {"os_version", "mode"} & gathered.facts.keys()
    names = [fact.name for _, fact in declared(declined=["broken", "facts", "operating-system"])]
    assert "weather" in names
    assert not {"os_version", "mode", "broken"} & set(names)


def test_a_probe_says_why_a_value_is_unknown(use):
    use("Lost")
    gathered = gather()
    assert "country" not in gathered.facts
    assert gathered.unknown["country"] == "the time zone has no single country"


def test_a_fact_without_a_value_needs_no_reason(settings):
    settings.METRIC_COLLECTION_FACTS = {"mode": None}
    assert gather().unknown["mode"] == ""


class Lost:
    """Does not know where it is."""

    facts = (fact("country"),)

    def gather(self):
        return {"country": Unknown("the time zone has no single country")}


def test_a_local_version_is_not_sent(site, settings):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.0+megacorp.frankfurt"
    settings.METRIC_COLLECTION_LIBRARIES = ["acme-library"]
    settings.METRIC_COLLECTION_FACTS = {"api version": "7+megacorp", "sum": "7+megacorp"}
    site.install("acme-library", "1.3.2+megacorp.g1a2", packages={})
    facts = gather().facts
    assert (facts["Acme Version"], facts["acme-library"]) == ("1.0", "1.3.2")
    assert (facts["api version"], facts["sum"]) == ("7", "7+megacorp")
    examples = {fact.name: fact.example for _, fact in declared()}
    assert examples["acme-library"] == "1.3.2"


class Failing(Broken):
    """Fails in one test alone, since a complaint is remembered."""


class Chatty(Talkative):
    """Says too much in one test alone."""


class Parrot(Copycat):
    """Repeats in one test alone."""


@pytest.mark.parametrize(
    ("name", "complaints"),
    [
        ("Failing", ["{0}.Failing failed with RuntimeError"]),
        ("Parrot", ["{0}.Parrot declares weather, which {0}.Weather has"]),
        (
            "Chatty",
            [
                "{0}.Chatty gathered secret without declaring it: dropped",
                "{0}.Chatty has no text for listed: list is not a valid value for a fact; return a string or a number",
            ],
        ),
    ],
)
def test_a_warning_is_logged_once_and_never_quotes_a_value(use, logged, name, complaints):
    use("Weather", name)
    gather()
    gather()
    texts = [f"Probe {complaint.format(__name__)}" for complaint in complaints]
    assert logged() == [("WARNING", text) for text in texts] + [("DEBUG", text) for text in texts]
