from __future__ import annotations

import pytest
from django.test import Client

from metric_collection.recorders.checks import MIDDLEWARE
from metric_collection.recorders.clients import ClientRecorder


@pytest.fixture(autouse=True)
def recording(product):
    pattern = r"(?P<product>acme-cli)/(?P<version>\S+)"
    product.METRIC_COLLECTION_RECORDERS = {"clients": {"campaign": "use", "pattern": pattern}}
    product.ROOT_URLCONF = "tests.recorders.views"
    product.MIDDLEWARE = [MIDDLEWARE, *product.MIDDLEWARE]


def test_the_description_names_products_and_platforms():
    pattern = r"(?P<product>acme-cli)/(?P<version>\S+)(?: \((?P<platform>Linux|Windows))?"
    recorder = ClientRecorder.from_dict({"campaign": "use", "pattern": pattern})
    assert recorder.description == (
        "Counts the requests of each version of acme-cli, and of each platform: Linux, Windows."
    )


def test_platforms_are_counted_if_the_pattern_spells_them_out(product, recorded):
    pattern = r"(?P<product>acme-cli)/(?P<version>\S+)(?: \((?P<platform>Linux|Windows))?"
    product.METRIC_COLLECTION_RECORDERS = {"clients": {"campaign": "use", "pattern": pattern}}
    client = Client()
    for system in ["(Linux x86_64)", "(linux)", "(hunter2)", ""]:
        client.get("/theirs/", headers={"user-agent": f"acme-cli/2.0 {system}"})
    assert recorded() == {
        ("Clients", "acme-cli", "2.0"): 4,
        ("Client platforms", "acme-cli", "Linux"): 1,
    }


def test_requests_of_the_publishers_clients_are_counted_by_version(recorded):
    client = Client()
    for agent in ["acme-cli/2.0", "acme-cli/2.1", "acme-cli/2.0", "Mozilla/5.0", "acme-cli/\x00"]:
        client.get("/theirs/", headers={"user-agent": agent})
    client.get("/theirs/")
    assert recorded() == {
        ("Clients", "acme-cli", "2.0"): 2,
        ("Clients", "acme-cli", "2.1"): 1,
        ("Clients", "acme-cli", "other"): 1,
    }
