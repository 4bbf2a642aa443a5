"""Whatever a publisher writes into the settings: the checks speak, and nothing else happens."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from django.core.checks import CheckMessage
from django.core.management import call_command
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.checks import check_settings
from metric_collection.cleaninsights.testing import RecordingTransport
from metric_collection.conf.settings import conf
from metric_collection.consent.rules import Ruling, ruling
from metric_collection.probes import registry
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.delivery import Delivery

from .strategies import anything, moderate, undone

NAMES = [setting.name for setting in conf.declared()]
pytestmark = pytest.mark.django_db


def live(transport) -> None:
    """Do what a product does between its start and a heartbeat, and what its operator looks at."""
    for message in check_settings():
        assert isinstance(message, CheckMessage)
        assert str(message)
        assert message.hint
    for setting in conf.declared():
        setting.__get__(conf, type(conf))
    assert isinstance(ruling(), Ruling)
    assert ruling().sentence
    registry.declared()
    registry.gather()
    Collection().record()
    Collection().heartbeat()
    Delivery(transport=transport).deliver()
    Collection().preview()
    status()


def status() -> None:
    with suppress(SystemExit):  # that metrics are off is no failure
        call_command("metric_collection", "status", stdout=io.StringIO())


@pytest.mark.parametrize("name", NAMES)
@moderate
@given(value=anything)
def test_any_value_of_any_setting_is_survived(name, value):
    with undone(), override_settings(**{name: value}):
        live(RecordingTransport())


@moderate
@given(values=st.dictionaries(st.sampled_from(NAMES), anything, max_size=6))
def test_any_values_of_several_settings_are_survived(values):
    with undone(), override_settings(**values):
        live(RecordingTransport())
