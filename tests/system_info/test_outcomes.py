from __future__ import annotations

import pytest
from django.utils.translation import override

from metric_collection.cleaninsights import http
from metric_collection.cleaninsights.http import _TRANSLATIONS
from metric_collection.outbox import EXPIRED
from metric_collection.system_info.outcomes import told


@pytest.mark.parametrize(
    ("outcome", "german"),
    [
        ("accepted", "angenommen"),
        (EXPIRED, "nicht rechtzeitig zugestellt"),
        ("the collector answered 503", "der Sammler hat mit 503 geantwortet"),
        (
            "no connection to 127.0.0.1:9: Connection refused",
            "keine Verbindung zu 127.0.0.1:9: Connection refused",
        ),
    ],
)
def test_an_outcome_is_told_in_the_readers_language(outcome, german):
    with override("de"):
        assert told(outcome) == german
    with override("en"):
        assert told(outcome) == outcome


@pytest.mark.parametrize("outcome", ["", "100 % new", "%(place)s", "no connection to ", "a\nb"])
def test_what_nobody_has_translated_stays_as_it_is(outcome):
    with override("de"):
        assert told(outcome) == outcome


@pytest.mark.parametrize("story", [story for *_, story in _TRANSLATIONS])
def test_every_failure_of_the_network_can_be_told(story):
    outcome = f"{story} {http._place('https://metrics.acme.example/ci.php')}: 100 %"
    with override("de"):
        assert told(outcome) != outcome
        assert told(outcome).endswith("metrics.acme.example:443: 100 %")
