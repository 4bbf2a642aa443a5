"""Facts of any text: each arrives as it is, as far as it can be sent, and none stops the others."""

from __future__ import annotations

import json

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights.payload import clean
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.models import Report, Snapshot
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery
from tests.harness.collector import collecting
from tests.harness.databases import DATABASES, PYMYSQL
from tests.harness.host import Host

from .strategies import NASTY, moderate, texts, undone

names = texts.filter(str.strip)


def sendable(text: str) -> str:
    return clean(text[:255])


def arrived(transport) -> list[tuple[str, str]]:
    return [(event["action"], event["name"]) for event in transport.sent[0]["events"]]


@pytest.mark.django_db
@moderate
@given(facts=st.dictionaries(names, texts, max_size=8))
def test_facts_of_any_text_arrive_as_they_are(facts):
    transport = RecordingTransport()
    with undone(), override_settings(METRIC_COLLECTION_FACTS=facts):
        Collection().record()
        Delivery(transport=transport).deliver()
        assert Report.objects.get().state == Report.State.DELIVERED
    expected = {(sendable(name), sendable(value)) for name, value in facts.items() if value}
    assert expected <= set(arrived(transport)) | twins(expected)


def twins(expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Facts whose names are the same as far as they can be sent: the first one has it."""
    names = [name for name, _value in expected]
    return {(name, value) for name, value in expected if names.count(name) > 1}


@pytest.mark.django_db
def test_a_fact_of_a_million_letters_is_stored_no_longer_than_it_is_sent(settings):
    settings.METRIC_COLLECTION_FACTS = {"n" * 1_000_000: "v" * 1_000_000}
    Collection().record()
    assert Snapshot.objects.get().facts["n" * 255] == "v" * 255


@pytest.mark.django_db
@pytest.mark.parametrize("text", NASTY)
def test_an_upgrade_between_versions_of_any_text_is_noticed_once(text, settings):
    for version in ("1.0", text, text):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = version
        Collection().record()
    assert Report.objects.filter(category="Install").count() == 1
    assert Report.objects.filter(category="Upgrade").count() <= 1


FACTS = [(f"{place} {text}", text) for place, text in enumerate(NASTY) if text.strip()]

JOURNEY = """
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.reporting.collection import Collection
from metric_collection.consent.choice import choose, disclose
from metric_collection.reporting.delivery import Delivery
from metric_collection.models import Change, Consent, Report, Snapshot
from django.conf import settings
from pathlib import Path

for model in (Change, Report, Snapshot):
    model.objects.all().delete()
settings.METRIC_COLLECTION_FACTS = dict(json.loads(Path(sys.argv[1]).read_text()))
disclose(now=utc_now())
choose(Consent.Choice.GRANTED, now=utc_now())
Collection().record()
Delivery().deliver()
(change,), snapshot, consent = Change.objects.all(), Snapshot.objects.get(), Consent.objects.get()
print(json.dumps([list(change.changes), snapshot.facts, consent.disclosed]))
"""


@pytest.mark.thorough
@pytest.mark.parametrize("database", DATABASES)
def test_on_every_database_and_over_http_they_arrive_as_they_are(database, tmp_path):
    (tmp_path / "facts.json").write_text(json.dumps(FACTS))
    with DATABASES[database](tmp_path) as settings, collecting() as collector:
        files = {"product/__init__.py": PYMYSQL} if database == "MariaDB" else {}
        host = Host(tmp_path, files, DATABASES={"default": settings})
        host.configure(METRIC_COLLECTION_COLLECTOR_URL=collector.url)
        host.manage("migrate").check_returncode()
        changed, remembered, disclosed = host.django(JOURNEY, "facts.json")
        (install,) = collector.arrivals
    expected = {sendable(name): sendable(value) for name, value in FACTS}
    assert expected.items() <= install.facts.items()
    assert expected.items() <= remembered.items()
    assert expected.keys() <= set(disclosed)
    assert expected.keys() <= set(changed)
