from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights.datapoints import Event, Visit
from metric_collection.cleaninsights.exceptions import PayloadError
from metric_collection.cleaninsights.payload import Limits, decode, encode

HOUR = datetime(2023, 12, 1, 3, tzinfo=timezone.utc)
PERIOD = {"period_start": HOUR, "period_end": HOUR}
TEXT = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=400)
MOMENTS = st.datetimes(timezones=st.just(timezone.utc))
WIRE_EVENT = {"category": "c", "action": "a", "period_start": 0, "period_end": 1, "times": 1}
WIRE_VISIT = {"action_name": "a/b", "period_start": 0, "period_end": 1, "times": 1}


def event(**given):
    return Event(**{"category": "c", "action": "a", **PERIOD, **given})


def only_event(**given):
    return decode(encode(1, events=[event(**given)]))["events"][0]


def test_a_heartbeat_is_written_as_the_design_shows_it():
    beat = event(
        category="Heartbeat", action="openwisp-users", name="1.3.2", value=1, period_end=HOUR
    )
    assert encode(5, events=[beat]) == (
        b'{"idsite":5,"events":[{"category":"Heartbeat","action":"openwisp-users","name":"1.3.2",'
        b'"value":1,"times":1,"period_start":1701399600,"period_end":1701399600}]}'
    )


def test_a_visit_is_sent_as_its_path_joined_with_slashes_in_ascii():
    visit = Visit(path=("Main", "Größe"), times=3, period_start=HOUR, period_end=HOUR)
    assert encode(5, visits=[visit], lang="de;q=1", ua="x").decode() == (
        '{"idsite":5,"lang":"de;q=1","ua":"x","visits":[{"action_name":"Main/Gr\\u00f6\\u00dfe","times":3,'
        '"period_start":1701399600,"period_end":1701399600}]}'
    )


def test_missing_values_are_omitted():
    body = encode(1)
    assert body == b'{"idsite":1}'
    assert {"name", "value"}.isdisjoint(only_event())


def test_an_empty_name_and_a_value_of_zero_are_there():
    assert only_event(name="", value=0)["name"] == ""
    assert only_event(name="", value=0)["value"] == 0


@pytest.mark.parametrize("key", ["category", "action", "name"])
def test_texts_of_events_are_cut_at_255_characters(key):
    assert only_event(**{key: "ü" * 300})[key] == "ü" * 255


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\x85b", "a\ud800b"])
def test_characters_that_cannot_be_stored_are_replaced(text):
    assert only_event(name=text)["name"] == "a\ufffdb"
    assert decode(encode(1, lang=text, ua=text))["ua"] == "a\ufffdb"


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "1"), (2.0, "2"), (-0.5, "-0.5"), (1e300, "1e+300"), (2**70, str(2**70))],
)
def test_numbers_are_written_as_other_sdks_write_them(value, written):
    assert f'"value":{written},'.encode() in encode(1, events=[event(value=value)])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_json_cannot_hold_is_omitted(value):
    assert "value" not in only_event(value=value)


@given(
    events=st.lists(
        st.builds(
            Event,
            category=TEXT,
            action=TEXT,
            name=st.none() | TEXT,
            value=st.none() | st.integers() | st.floats(),
            times=st.integers(1),
            period_start=MOMENTS,
            period_end=MOMENTS,
        )
    ),
    visits=st.lists(
        st.builds(
            Visit,
            path=st.lists(TEXT, min_size=1).map(tuple),
            times=st.integers(1),
            period_start=MOMENTS,
            period_end=MOMENTS,
        )
    ),
    lang=st.none() | TEXT,
)
def test_any_text_and_any_number_can_be_sent(events, visits, lang):
    body = decode(encode(7, events=events, visits=visits, lang=lang))
    assert len(body.get("events", [])) == len(events)
    assert len(body.get("visits", [])) == len(visits)
    assert body["idsite"] == 7


@pytest.mark.parametrize(
    "body",
    [
        {"idsite": 1},
        {"idsite": 1.0, "lang": "", "ua": "", "visits": [], "events": []},
        {"idsite": 1, "events": [WIRE_EVENT, {**WIRE_EVENT, "name": "", "value": 1.5}]},
        {"idsite": 1, "visits": [WIRE_VISIT, {**WIRE_VISIT, "period_start": -1}]},
    ],
)
def test_bodies_that_cimp_accepts_are_decoded(body):
    assert decode(json.dumps(body).encode()) == body


def bad_event(**keys):
    return {"idsite": 1, "events": [WIRE_EVENT, {**WIRE_EVENT, **keys}]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "body: [], expected an object"),
        ({}, "idsite: missing, expected a value"),
        ({"idsite": 0}, "idsite: 0, expected a whole number >= 1"),
        ({"idsite": True}, "idsite: True, expected a whole number"),
        ({"idsite": 1.5}, "idsite: 1.5, expected a whole number"),
        ({"idsite": "1"}, "idsite: '1', expected a whole number"),
        ({"idsite": 1, "lang": None}, "lang: None, expected text"),
        ({"idsite": 1, "url": 2}, "url: 2, expected no other keys than idsite, lang, ua, visits,"),
        ({"idsite": 1, "events": {}}, "events: {}, expected a list"),
        ({"idsite": 1, "visits": [7]}, "visits[0]: 7, expected an object"),
        ({"idsite": 1, "visits": [{}]}, "visits[0].action_name: missing, expected a value"),
        (bad_event(category=""), "events[1].category: '', expected text that is not empty"),
        (bad_event(times=0), "events[1].times: 0, expected a whole number >= 1"),
        (bad_event(value=False), "events[1].value: False, expected a number"),
        (bad_event(name=None), "events[1].name: None, expected text"),
    ],
)
def test_bodies_that_cimp_refuses_are_refused_with_path_and_value(body, message):
    with pytest.raises(PayloadError) as caught:
        decode(json.dumps(body).encode())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b'{"idsite": NaN}', b"[" * 100_000, '{"idsite":1}'.encode("utf-16")],
)
def test_only_json_in_utf8_is_accepted(body):
    with pytest.raises(PayloadError, match="expected JSON in UTF-8"):
        decode(body)


def test_a_number_too_large_for_a_float_is_refused():
    with pytest.raises(PayloadError, match="value: inf, expected a number"):
        decode(json.dumps(bad_event(value=1)).replace('"value": 1', '"value": 1e999').encode())


def test_periods_are_whole_seconds():
    later = only_event(period_end=HOUR + timedelta(microseconds=1_999_999))
    assert later["period_end"] - later["period_start"] == 1


LIMITS = Limits(events=5, facts=2)
UNSTORABLE = [
    ({"idsite": 2**31}, "idsite"),
    (bad_event(times=2**31), "events[1].times"),
    (bad_event(value=1e16), "events[1].value"),
    (bad_event(value=-(10**300)), "events[1].value"),
    (bad_event(period_start=-1), "events[1].period_start"),
    (bad_event(period_end=2**33 + 1), "events[1].period_end"),
    (bad_event(name="a\0b"), "events[1].name"),
    (bad_event(category="\ud800"), "events[1].category"),
    ({"idsite": 1, "visits": [{**WIRE_VISIT, "action_name": "\0"}]}, "visits[0].action_name"),
    ({"idsite": 1, "events": [WIRE_EVENT] * 6}, "events"),
    ({"idsite": 1, "events": [{**WIRE_EVENT, "category": "Heartbeat"}] * 3}, "events"),
]


@pytest.mark.parametrize(("body", "path"), UNSTORABLE)
def test_values_that_a_database_cannot_store_are_refused_with_limits(body, path):
    wire = json.dumps(body).encode()
    assert decode(wire)
    with pytest.raises(PayloadError) as caught:
        decode(wire, limits=LIMITS)
    assert caught.value.path == path


@pytest.mark.parametrize("wire", [b"[]", b'{"idsite": 1, "events": 5}'])
def test_an_invalid_body_is_refused_alike_with_limits(wire):
    with pytest.raises(PayloadError) as plain:
        decode(wire)
    with pytest.raises(PayloadError) as limited:
        decode(wire, limits=LIMITS)
    assert str(limited.value) == str(plain.value)


def test_too_many_events_are_refused_before_they_are_checked():
    wire = json.dumps({"idsite": 1, "events": [7] * 6}).encode()
    with pytest.raises(PayloadError, match="events: 6, expected at most 5 events and visits"):
        decode(wire, limits=LIMITS)


def test_values_that_can_be_stored_are_decoded_with_limits():
    body = {"idsite": 1, "events": [{**WIRE_EVENT, "name": "Größe \N{GRINNING FACE}", "value": -5}]}
    assert decode(json.dumps(body).encode(), limits=LIMITS) == body
