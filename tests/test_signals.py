from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from metric_collection.consent.campaigns import decide
from metric_collection.consent.choice import choose, choose_group
from metric_collection.models import Consent, Snapshot
from metric_collection.models.transactions import atomic
from metric_collection.reporting.collection import Collection
from metric_collection.signals import consent_changed, installed, upgraded
from tests.campaigns import daily

pytestmark = pytest.mark.django_db


@pytest.fixture
def received():
    """The arguments of every signal, in order."""
    arguments = []

    def receive(sender, signal, **kwargs):
        arguments.append((sender, kwargs))

    for signal in (installed, upgraded, consent_changed):
        signal.connect(receive)
    yield arguments
    for signal in (installed, upgraded, consent_changed):
        signal.disconnect(receive)


def test_an_install_is_announced_with_its_facts_once_it_is_committed(
    received, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        Collection().record()
        assert received == []
    [(sender, arguments)] = received
    assert sender is Snapshot
    assert arguments["facts"]["Acme Version"] == "1.0"


def test_an_install_is_announced_without_declined_facts(
    received, django_capture_on_commit_callbacks
):
    choose_group("product", Consent.Choice.DENIED)
    with django_capture_on_commit_callbacks(execute=True):
        Collection().record()
    [(_sender, arguments)] = received
    assert arguments["facts"]
    assert "Acme Version" not in arguments["facts"]


def test_an_upgrade_is_announced_with_what_changed(
    settings, received, django_capture_on_commit_callbacks
):
    Collection().record()
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
    with django_capture_on_commit_callbacks(execute=True):
        Collection().record()
    assert received == [(Snapshot, {"changes": {"Acme Version": ("1.0", "1.1")}})]


def test_a_choice_is_announced_with_the_one_before_and_its_subject(
    settings, received, clock, django_capture_on_commit_callbacks
):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    granted, denied = Consent.Choice.GRANTED, Consent.Choice.DENIED
    with django_capture_on_commit_callbacks(execute=True):
        choose(granted, now=clock())
        choose(granted, now=clock())
        choose_group("installation", denied)
        decide("search", denied, now=clock())
        assert received == []
    expected = [
        ("granted", "unknown", None, None),
        ("denied", "granted", None, "installation"),
        ("denied", "unknown", "search", None),
    ]
    names = ("choice", "before", "campaign_id", "group")
    assert received == [(Consent, dict(zip(names, each, strict=True))) for each in expected]


def test_a_renewed_yes_is_announced_as_a_change(
    settings, received, clock, django_capture_on_commit_callbacks
):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily()}
    settings.METRIC_COLLECTION_CONSENT_EXPIRES = timedelta(days=30)
    with django_capture_on_commit_callbacks(execute=True):
        for _yes in range(2):
            choose(Consent.Choice.GRANTED, now=clock())
            decide("search", Consent.Choice.GRANTED, now=clock())
            clock.advance(days=30)
    assert [kwargs["before"] for _sender, kwargs in received] == ["unknown"] * 4


def test_a_failing_receiver_does_not_fail_the_caller(django_capture_on_commit_callbacks):
    def fail(**_):
        raise RuntimeError

    installed.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            assert Collection().record()
    finally:
        installed.disconnect(fail)


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_announced(received):
    with atomic():
        Collection().record()
        transaction.set_rollback(True)
    assert received == []
