"""Whatever stands in the settings, in a header or in an error: a request is answered as without recorders."""

from __future__ import annotations

from contextlib import suppress

from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from metric_collection import receivers
from metric_collection.middleware import RecorderMiddleware
from metric_collection.recorders.agents import Agents
from metric_collection.recorders.registry import RECORDERS
from tests.campaigns import ALWAYS, daily

from .strategies import Mute, anything, moderate, texts

options = st.fixed_dictionaries({}, optional={"campaign": anything, "pattern": anything})


def live() -> None:
    """Let the middleware pass a request, and the receivers see an error, a task and a command."""
    response = HttpResponse("Fine")
    request = RequestFactory().get("/", headers={"user-agent": "acme-cli/1.0"})
    with suppress(MiddlewareNotUsed):
        assert RecorderMiddleware(lambda _request: response)(request) is response
    receivers.on_task_failure(exception=Mute())
    receivers.record_task(object(), "SUCCESS")
    receivers.on_command(["manage.py", "migrate"], None, {"default"})


@moderate
@given(
    recorders=st.dictionaries(st.sampled_from([*RECORDERS]), anything | options),
    packages=anything,
)
def test_any_value_of_the_settings_is_survived(recorders, packages):
    with override_settings(
        METRIC_COLLECTION_RECORDERS=recorders,
        METRIC_COLLECTION_PACKAGES=packages,
        METRIC_COLLECTION_CAMPAIGNS={"use": daily(**ALWAYS)},
    ):
        live()


@moderate
@given(pattern=texts)
def test_any_pattern_is_accepted_or_refused(pattern):
    with suppress(ValueError):
        assert Agents(pattern).products


@moderate
@given(agents=st.lists(st.from_regex(r"acme-cli/[0-9.]{1,12}", fullmatch=True) | texts))
def test_clients_are_recorded_with_short_names(agents):
    known = Agents(r"(?P<product>acme-cli|acme-app)/(?P<version>.+)")
    found = {known.client_of(agent) for agent in agents} - {None}
    assert all(client.product == "acme-cli" and len(client.version) <= 26 for client in found)
