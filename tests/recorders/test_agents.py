from __future__ import annotations

import time

import pytest

from metric_collection.recorders.agents import LONGEST, Agents, Client

PATTERN = r"(?P<product>acme-cli|Acme App)/(?P<version>\S+)"


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("acme-cli/2.3.1", Client("acme-cli", "2.3.1")),
        ("Mozilla/5.0 Acme App/7 (Linux)", Client("Acme App", "7")),
        ("acme-cli/2.3.1rc2+built-by-anna", Client("acme-cli", "2.3.1")),
        ("acme-cli/2.3.1.4.5", Client("acme-cli", "2.3.1")),
        ("acme-cli/anna", Client("acme-cli", "other")),
        ("acme-cli/123456789", Client("acme-cli", "12345678")),
        ("acme-cli/\u0661.2", Client("acme-cli", "other")),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_a_header_is_product_and_version_at_most(header, client):
    assert Agents(PATTERN).client_of(header) == client


def test_a_product_is_spelt_as_in_the_pattern():
    assert Agents(f"(?i){PATTERN}").client_of("ACME-cli/1") == Client("acme-cli", "1")


def test_a_product_that_is_not_spelt_out_is_ignored():
    tricky = Agents(r"[(?P<product>acme)]?(?P<product>\w+)/(?P<version>\d)")
    assert tricky.client_of("anna/1") is None


def test_product_and_version_may_be_optional():
    agents = Agents(r"((?P<product>acme)|app)(/(?P<version>\d))?")
    assert agents.client_of("acme") == Client("acme", "other")
    assert agents.client_of("app/1") is None


def test_a_platform_is_one_that_the_pattern_spells_out():
    agents = Agents(r"(?P<product>acme)/(?P<version>\d)(?: \((?P<platform>Linux|Windows))?")
    assert agents.client_of("acme/1 (Linux x86_64)") == Client("acme", "1", "Linux")
    assert agents.client_of("acme/1 (hunter2)") == Client("acme", "1")
    tricky = Agents(r"[(?P<platform>Linux)]?(?P<product>acme)/(?P<version>\d)(?P<platform>\w*)")
    assert tricky.client_of("acme/1hunter2") == Client("acme", "1")


def test_only_the_beginning_of_a_header_is_searched():
    padding = "x" * (LONGEST - len("acme-cli/1.2"))
    agents = Agents(PATTERN)
    assert agents.client_of(f"{padding}acme-cli/1.2.3") == Client("acme-cli", "1.2")
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


def test_escaped_characters_in_a_product_are_unescaped():
    agents = Agents(r"(?P<product>acme\.cli)/(?P<version>\d)")
    assert agents.client_of("acme.cli/1") == Client("acme.cli", "1")
