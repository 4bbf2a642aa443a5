from __future__ import annotations

import json
import logging
import re
from decimal import Decimal

import pytest

from metric_collection.cleaninsights import (
    CleanInsights,
    Configuration,
    ConfigurationError,
    ConsentState,
    Feature,
    FileStore,
    MemoryStore,
    RequestsTransport,
)
from metric_collection.cleaninsights.client import accept_language
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.testing import FrozenClock, RecordingTransport

CAMPAIGN = {
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-12-31T23:59:59Z",
    "aggregationPeriodLength": 1,
    "numberOfPeriods": 5,
}
FILE = {"server": "https://ci.example/ci.php", "siteId": 5, "campaigns": {"t": CAMPAIGN}}
SERVER = {**FILE, "serverSideAnonymousUsage": True}


class World:
    def __init__(self, configuration=SERVER, store=None, ua="x"):
        self.clock = FrozenClock("2026-06-01T12:00:00Z")
        self.transport = RecordingTransport()
        self.store = store or MemoryStore()
        self.sdk = CleanInsights(
            configuration, self.store, self.transport, self.clock, lang="de;q=1", ua=ua
        )

    def arrived(self, key="events"):
        """Let the period end, send, and return what has arrived in all."""
        self.clock.advance(days=1)
        self.sdk.persist_and_send()
        return [row for body in self.transport.sent for row in body.get(key, ())]


@pytest.fixture
def world():
    return World()


@pytest.fixture
def asking():
    """A world in which consent is asked for."""
    return World(FILE)


def test_an_event_arrives_aggregated_over_its_period(world):
    world.sdk.measure_event("Videos", "Play", "t", name="Office Space", value=1.5)
    world.sdk.measure_event("Videos", "Play", "t", "Office Space", 2)
    assert world.arrived() == [
        {
            "category": "Videos",
            "action": "Play",
            "name": "Office Space",
            "value": 3.5,
            "times": 2,
            "period_start": 1780272000,
            "period_end": 1780358400,
        }
    ]


def test_a_visit_arrives_aggregated_over_its_period(world):
    for path in (["Main", "Settings"], ("Main", "Settings"), "Main/Settings"):
        world.sdk.measure_visit(path, "t")
    assert world.arrived("visits") == [
        {
            "action_name": "Main/Settings",
            "times": 3,
            "period_start": 1780272000,
            "period_end": 1780358400,
        }
    ]


def test_measuring_and_consent_never_reach_the_network(asking):
    asking.sdk.grant_campaign("t")
    asking.sdk.measure_event("Videos", "Play", "t")
    asking.clock.advance(days=2)
    asking.sdk.measure_event("Videos", "Play", "t")
    asking.sdk.grant_feature("ua")
    asking.sdk.deny_campaign("t")
    asking.sdk.persist()
    assert asking.transport.requests == []


@pytest.mark.parametrize(("value", "sent"), [(True, 1), (Decimal("1.5"), 1.5), (0, 0), (-2, -2)])
def test_any_finite_number_is_a_value(world, value, sent):
    world.sdk.measure_event("Videos", "Play", "t", value=value)
    assert world.arrived()[0]["value"] == sent


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, Decimal("1e999"), "x", []])
def test_an_event_with_a_value_that_is_none_is_not_counted(world, value, caplog):
    caplog.set_level(logging.DEBUG)
    world.sdk.measure_event("Videos", "Play", "t", value=value)
    assert "An event of campaign 't' is not counted: " in caplog.text
    assert "is not a finite number" in caplog.text
    assert world.arrived() == []


@pytest.mark.parametrize(
    "texts", [("", "a"), ("c", ""), (None, "a"), ("c", 7), ("c", "a", 7), (b"c", "a")]
)
def test_an_event_without_its_texts_is_not_counted(world, texts, caplog):
    caplog.set_level(logging.DEBUG)
    category, action, *name = texts
    world.sdk.measure_event(category, action, "t", *name)
    assert "is not a non-empty string" in caplog.text
    assert world.arrived() == []


@pytest.mark.parametrize("path", [[], [""], "", ["a", None], None, 7])
def test_a_visit_to_nowhere_is_not_counted(world, path, caplog):
    caplog.set_level(logging.DEBUG)
    world.sdk.measure_visit(path, "t")
    assert "A visit of campaign 't' is not counted: " in caplog.text
    assert world.arrived("visits") == []


def test_an_unknown_campaign_is_ignored_with_a_line_in_the_log(world, caplog):
    caplog.set_level(logging.DEBUG)
    world.sdk.measure_event("Videos", "Play", "nowhere")
    world.sdk.measure_visit(["Main"], "nowhere")
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]
    assert "campaign 'nowhere' is not counted: the campaign is not configured." in caplog.text
    assert world.sdk.grant_campaign("nowhere") is None
    assert world.sdk.deny_campaign("nowhere") is None
    assert world.arrived() == []


def test_debug_logs_measurements_that_are_not_counted_at_info(caplog):
    caplog.set_level(logging.INFO)
    World({**FILE, "debug": True}).sdk.measure_event("Videos", "Play", "t")
    assert "is not counted: consent is unknown." in caplog.text


def test_nothing_is_measured_when_the_campaign_does_not_run(world):
    world.clock.set("2025-12-31T00:00:00Z")
    world.sdk.measure_event("Videos", "Play", "t")
    world.clock.set("2027-01-01T00:00:00Z")
    world.sdk.measure_event("Videos", "Play", "t")
    assert world.arrived() == []


def test_consent_to_a_campaign_goes_through_its_states(asking):
    sdk = asking.sdk
    assert sdk.state_of_campaign("t") is ConsentState.UNKNOWN
    assert sdk.deny_campaign("t").granted is False
    assert sdk.state_of_campaign("t") is ConsentState.DENIED
    consent = sdk.grant_campaign("t")
    assert (consent.start.isoformat(), consent.end.isoformat()) == (
        "2026-06-01T00:00:00+00:00",
        "2026-06-06T00:00:00+00:00",
    )
    assert sdk.state_of_campaign("t") is ConsentState.GRANTED
    asking.clock.set("2026-05-31T00:00:00Z")
    assert sdk.state_of_campaign("t") is ConsentState.NOT_STARTED
    asking.clock.set("2026-06-06T00:00:01Z")
    assert sdk.state_of_campaign("t") is ConsentState.EXPIRED
    asking.clock.set(CAMPAIGN["end"])
    assert sdk.state_of_campaign("t") is ConsentState.UNCONFIGURED
    assert sdk.state_of_campaign("nowhere") is ConsentState.UNCONFIGURED


def test_nothing_is_measured_without_consent(asking):
    asking.sdk.measure_event("Videos", "before", "t")
    asking.sdk.grant_campaign("t")
    asking.sdk.measure_event("Videos", "between", "t")
    asking.sdk.deny_campaign("t")
    asking.sdk.measure_event("Videos", "after", "t")
    assert [event["action"] for event in asking.arrived()] == ["between"]


def test_features_are_sent_with_consent_only(asking):
    sdk = asking.sdk
    sdk.grant_campaign("t")
    assert sdk.state_of_feature(Feature.UA) is ConsentState.UNKNOWN
    heads = []
    for change in (
        lambda: None,
        lambda: sdk.grant_feature("lang"),
        lambda: sdk.grant_feature(Feature.UA),
    ):
        change()
        sdk.measure_event("Videos", "Play", "t")
        asking.arrived()
        heads.append({key: asking.transport.sent[-1].get(key) for key in ("lang", "ua")})
    sdk.deny_feature("lang")
    assert sdk.state_of_feature("lang") is ConsentState.DENIED
    assert heads == [
        {"lang": None, "ua": None},
        {"lang": "de;q=1", "ua": None},
        {"lang": "de;q=1", "ua": "x"},
    ]


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({}, None),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "POSIX", "LC_ALL": ""}, None),
        ({"LANG": "de_AT.UTF-8"}, "de-AT;q=1"),
        ({"LANG": "de_AT@euro", "LC_MESSAGES": "en_GB.UTF-8"}, "en-GB;q=1"),
        ({"LANG": "C", "LC_ALL": "fr_FR", "LC_MESSAGES": "en_GB"}, "fr-FR;q=1"),
        ({"LANG": "C", "LANGUAGE": "de_AT:de::en"}, "de-AT;q=1,de;q=0.9,en;q=0.8"),
        (
            {"LANGUAGE": "a:b:c:d:e:f:g:h"},
            "a;q=1,b;q=0.9,c;q=0.8,d;q=0.7,e;q=0.6,f;q=0.5",
        ),
    ],
)
def test_languages_are_sent_like_an_accept_language_header(environ, header):
    assert accept_language(environ) == header


def test_the_user_agent_is_python_without_patch_level():
    asking = World(FILE, ua=None)
    asking.sdk.grant_campaign("t")
    asking.sdk.grant_feature("ua")
    asking.sdk.measure_event("Videos", "Play", "t")
    asking.arrived()
    assert re.fullmatch(r"Python/3\.\d+ \(\w+\)", asking.transport.sent[0]["ua"])


def test_a_feature_that_nobody_knows_is_refused(asking):
    with pytest.raises(ValueError, match="'shoes' is not a valid Feature"):
        asking.sdk.grant_feature("shoes")


def test_a_server_needs_no_consent_and_sends_no_features(world):
    world.sdk.deny_campaign("t")
    world.sdk.grant_feature("lang")
    world.sdk.grant_feature("ua")
    assert world.sdk.state_of_campaign("t") is ConsentState.GRANTED
    assert world.sdk.state_of_feature("ua") is ConsentState.DENIED
    world.sdk.measure_event("Videos", "Play", "t")
    assert len(world.arrived()) == 1
    assert world.transport.sent[0].keys() == {"idsite", "events"}


def test_measurements_are_persisted_every_n_times(tmp_path):
    world = World({**SERVER, "persistEveryNTimes": 3}, FileStore(tmp_path / "store"))
    for _ in range(5):
        world.sdk.measure_event("Videos", "Play", "t")
    other = World(SERVER, FileStore(tmp_path / "store"))
    assert [event["times"] for event in other.arrived()] == [3]


def test_persisting_counts_anew(tmp_path):
    world = World({**SERVER, "persistEveryNTimes": 2}, FileStore(tmp_path / "store"))
    world.sdk.measure_event("Videos", "Play", "t")
    world.sdk.persist()
    world.sdk.measure_event("Videos", "Play", "t")
    other = World(SERVER, FileStore(tmp_path / "store"))
    assert [event["times"] for event in other.arrived()] == [1]


def test_measuring_goes_on_while_the_store_cannot_be_written(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "later"
    world = World({**SERVER, "persistEveryNTimes": 1}, FileStore(folder / "store"))
    world.sdk.measure_event("Videos", "Play", "t")
    assert "Measurements stay in memory for now: " in caplog.text
    folder.mkdir()
    world.sdk.measure_event("Videos", "Play", "t")
    assert [event["times"] for event in world.arrived()] == [2]


def test_a_store_that_fails_is_logged_when_sending(tmp_path, caplog):
    client = CleanInsights(SERVER, FileStore(tmp_path / "no" / "store"))
    client.measure_event("Videos", "Play", "t")
    client.persist_and_send()
    assert "Measurements are not sent: the store" in caplog.text


def test_leaving_a_client_makes_its_measurements_durable(tmp_path):
    with World(SERVER, FileStore(tmp_path / "store")).sdk as client:
        client.measure_event("Videos", "Play", "t")
    world = World(SERVER, FileStore(tmp_path / "store"))
    assert [event["times"] for event in world.arrived()] == [1]


def test_the_server_can_be_tested(world):
    assert world.sdk.test_server() is True
    world.transport.fail()
    assert world.sdk.test_server() is False


def test_a_configuration_may_be_a_configuration(world):
    made = Configuration.from_dict(json.loads(json.dumps(SERVER)))
    assert World(made).sdk.configuration == world.sdk.configuration
    with pytest.raises(ConfigurationError):
        CleanInsights({})


def test_all_but_the_configuration_has_a_default():
    sdk = CleanInsights(SERVER)
    assert isinstance(sdk._store, MemoryStore)
    assert sdk._sender._transport == RequestsTransport(clock=utc_now)
    sdk.measure_event("Videos", "Play", "t")
    sdk.persist_and_send()  # nothing is due, so nothing is sent
