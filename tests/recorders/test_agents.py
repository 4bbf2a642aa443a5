from __future__ import annotations

import time

import pytest

from metric_collection.recorders.agents import LONGEST, Agents

PATTERN = r"(?P<product>acme-cli|Acme App)/(?P<version>\S+)"


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("acme-cli/2.3.1", ("acme-cli", "2.3.1")),
        ("Mozilla/5.0 Acme App/7 (Linux)", ("Acme App", "7")),
        ("acme-cli/2.3.1rc2+built-by-anna", ("acme-cli", "2.3.1")),
        ("acme-cli/2.3.1.4.5", ("acme-cli", "2.3.1")),
        ("acme-cli/anna", ("acme-cli", "other")),
        ("acme-cli/123456789", ("acme-cli", "12345678")),
        ("acme-cli/\u0661.2", ("acme-cli", "other")),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_a_header_is_product_and_version_at_most(header, client):
    assert Agents(PATTERN).client_of(header) == client


def test_a_product_is_told_as_the_pattern_spells_it_however_a_client_does():
    assert Agents(f"(?i){PATTERN}").client_of("ACME-cli/1") == ("acme-cli", "1")


def test_a_product_that_the_pattern_does_not_spell_out_is_no_client():
    tricky = Agents(r"[(?P<product>acme)]?(?P<product>\w+)/(?P<version>\d)")
    assert tricky.client_of("anna/1") is None


def test_what_may_be_missing_is():
    agents = Agents(r"((?P<product>acme)|app)(/(?P<version>\d))?")
    assert agents.client_of("acme") == ("acme", "other")
    assert agents.client_of("app/1") is None


def test_a_header_is_looked_at_up_to_a_length():
    padding = "x" * (LONGEST - len("acme-cli/1.2"))
    agents = Agents(PATTERN)
    assert agents.client_of(f"{padding}acme-cli/1.2.3") == ("acme-cli", "1.2")
    assert agents.client_of(f"{padding}{padding}acme-cli/1.2.3") is None


def test_a_long_header_costs_a_slow_pattern_little():
    slow = Agents(r"\s*\S*\s*\S*(?P<product>acme)/(?P<version>\d)")
    begun = time.process_time()
    assert slow.client_of(" x" * 1_000_000) is None
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "(?P<version>1)",
        "(?P<product>acme)",
        r"(?P<product>\w+)/(?P<version>1)",
        r"(?P<product>acme.*)/(?P<version>1)",
        r"(?P<product>acme|)/(?P<version>1)",
        r"(?P<product>acme|\d)/(?P<version>1)",
        "(" * 10_000,
        "[[a]",
    ],
)
def test_a_pattern_that_leaves_the_product_open_is_refused(pattern):
    with pytest.raises(ValueError):
        Agents(pattern)


def test_signs_in_a_product_may_be_escaped():
    agents = Agents(r"(?P<product>acme\.cli)/(?P<version>\d)")
    assert agents.client_of("acme.cli/1") == ("acme.cli", "1")
