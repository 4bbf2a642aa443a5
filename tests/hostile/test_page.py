"""The page, the record and the command show any text as text."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser

import pytest
from django.core.management import call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.payload import clean
from metric_collection.models import Consent, Report
from metric_collection.reporting.collection import Collection

from .strategies import NASTY, moderate, texts

pytestmark = pytest.mark.django_db
TEXTS = [text for text in NASTY if text.strip()]
PAGES = [reverse("admin:usage_metrics_system_info"), reverse("admin:usage_metrics_reports")]
DOWNLOADS = [reverse(f"admin:usage_metrics_{name}") for name in ("next_report", "system")]


class Reader(HTMLParser):
    """Reads a page as a browser does: what it would run, and what it would show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.shown = ""
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._in_script = tag == "script"
        self.runs += [f"{name}={value}" for name, value in attrs if name.startswith("on")]
        self.runs += [value for _name, value in attrs if (value or "").startswith("javascript:")]

    def handle_endtag(self, tag):
        self._in_script = False

    def handle_data(self, data):
        if self._in_script:
            self.runs.append(data)
        self.shown += data


@pytest.fixture
def hostile(settings):
    """An installation where every text that can be seen is a nasty one."""
    settings.METRIC_COLLECTION_PRODUCT = NASTY[0]
    settings.METRIC_COLLECTION_PRODUCT_VERSION = NASTY[0]
    settings.METRIC_COLLECTION_FACTS = {text: text for text in TEXTS}
    Collection().record()
    for text in map(clean, TEXTS):
        body = json.dumps({"text": text[:1000]})
        Report.objects.create(
            category=text[:20],
            body=body,
            outcome=Report.Outcome.REFUSED,
            detail=text[:255],
            state=Report.State.GIVEN_UP,
            sealed_at=utc_now(),
            settled_at=utc_now(),
        )


@pytest.mark.parametrize("url", PAGES)
def test_nothing_that_was_gathered_is_run_by_a_browser(url, hostile, admin_client):
    page = Reader(admin_client.get(url).content.decode())
    assert [script for script in page.runs if "alert" in script] == []
    assert NASTY[0] in page.shown


def test_every_fact_is_shown_as_it_is_sent(hostile, admin_client):
    shown = Reader(admin_client.get(PAGES[0]).content.decode()).shown
    for text in TEXTS:
        assert clean(text[:255]).split("\n")[0].strip() in shown


def test_a_reason_from_the_environment_is_shown_as_text(hostile, admin_client, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", NASTY[0])
    page = Reader(admin_client.get(PAGES[0]).content.decode())
    assert [script for script in page.runs if "alert" in script] == []
    assert f"DO_NOT_TRACK={NASTY[0]}" in page.shown


@pytest.mark.parametrize("url", DOWNLOADS)
def test_json_is_never_sniffed_as_html(url, hostile, admin_client):
    response = admin_client.get(url)
    assert response["Content-Type"].startswith("application/json")
    safe = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
    assert any(response.headers.get(name, "").startswith(safe[name]) for name in safe)
    assert json.loads(response.content)


@pytest.mark.parametrize("action", ["status", "preview", "reports", "dictionary"])
def test_a_terminal_gets_no_control_characters(action, hostile):
    out = io.StringIO()
    call_command("metric_collection", action, stdout=out)
    told = out.getvalue()
    assert clean(told.replace("\n", "")) == told.replace("\n", "")


typed = texts.map(lambda text: text.encode(errors="replace").decode())  # what a browser can send


@moderate
@given(
    form=st.dictionaries(st.sampled_from(["choice", "before", "x"]), typed | st.lists(typed)),
)
def test_no_form_but_the_switchs_own_changes_anything(form, admin_client):
    assert admin_client.post(PAGES[0], form).status_code == 400
    assert not Consent.objects.exclude(choice=Consent.Choice.UNKNOWN).exists()


@moderate
@given(query=st.dictionaries(st.sampled_from(["before", "x"]), typed | st.integers()))
def test_no_address_of_the_record_fails(query, admin_client):
    assert admin_client.get(PAGES[1], query).status_code == 200
