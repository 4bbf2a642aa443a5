"""Whatever stands in the environment: it is read as a yes or a no, and shown as text."""

from __future__ import annotations

from django.test import override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from metric_collection.cleaninsights.payload import clean
from metric_collection.conf.values import FALSE_WORDS, TRUE_WORDS
from metric_collection.consent.rules import Rule, Ruling, switched_off

from .strategies import NASTY, examples, texts

VARIABLES = ["METRIC_COLLECTION", "DO_NOT_TRACK", "ACME_TELEMETRY", "ACME_QUIET"]
SWITCHES = {"ACME_TELEMETRY": False, "ACME_QUIET": True}
words = texts | st.sampled_from([*FALSE_WORDS, "False ", "\tNO", "on", "1", "true", ""])


@examples(40)
@given(environ=st.dictionaries(st.sampled_from(VARIABLES), words))
@example(environ={"METRIC_COLLECTION": " OFF\n"})
@example(environ={"DO_NOT_TRACK": NASTY[0]})
def test_any_environment_is_a_yes_or_a_no_and_a_no_is_named_in_a_short_sentence(environ):
    with override_settings(METRIC_COLLECTION_OFF_SWITCHES=SWITCHES):
        found = switched_off(environ)
    if environ.get("METRIC_COLLECTION", "").strip().lower() not in TRUE_WORDS | {""}:
        assert found.rule is Rule.ENVIRONMENT
    if environ.get("DO_NOT_TRACK", "").strip() not in {"", "0"}:
        assert found is not None
    if found is not None:
        assert isinstance(found, Ruling)
        assert any(f"because {name}=" in found.sentence for name in environ)
        assert clean(found.sentence) == found.sentence
        assert len(found.sentence) < 300
