from __future__ import annotations

import json

import pytest
from docutils.core import publish_doctree
from markdown_it import MarkdownIt

from metric_collection.dictionary.document import FORMS, written
from metric_collection.dictionary.entries import as_declared, as_found_here

STRICT = {"halt_level": 1, "report_level": 5}
CAMPAIGN = {
    "title": "Speed | *fast*",
    "purpose": "To know it.",
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-12-31T00:00:00Z",
    "aggregationPeriodLength": 7,
}
RECORDERS = {
    "tasks": "speed",
    "clients": {
        "campaign": "speed",
        "pattern": r"(?P<product>acme-cli|acme-app)/(?P<version>[0-9.]+)",
    },
    "errors": "no-such-campaign",
    "queries": "speed",
}


@pytest.fixture(autouse=True)
def product(settings):
    """A product with something of each kind."""
    settings.METRIC_COLLECTION_CAMPAIGNS = {"speed": CAMPAIGN}
    settings.METRIC_COLLECTION_LIBRARIES = ["django"]
    settings.METRIC_COLLECTION_FACTS = {
        "a `b` | c": {"value": "x" * 300, "description": "How *it* runs_.", "since": "2.0"}
    }
    settings.METRIC_COLLECTION_COUNTS = {"users": "auth.User"}


def page_of(dictionary, form):
    """The texts of a document's cells, row by row, and all of its text."""
    if form == "rst":
        tree = publish_doctree(written(dictionary, form), settings_overrides=STRICT)
        rows = [node for node in tree.findall() if node.tagname == "row"]
        return [[entry.astext() for entry in row] for row in rows], tree.astext()
    tokens = MarkdownIt("commonmark").enable("table").parse(written(dictionary, form))
    inline = ["".join(part.content for part in t.children) for t in tokens if t.type == "inline"]
    rows: list[list[str]] = []
    for number, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in {"td_open", "th_open"}:
            rows[-1].append("".join(part.content for part in tokens[number + 1].children))
    return rows, "\n".join(inline)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_every_fact_has_a_row_with_all_that_there_is_to_know(form):
    rows, _text = page_of(as_found_here(), form)
    assert ["Fact", "Description", "Example", "Purpose", "Since", "Sent now"] in rows
    assert [
        "users",
        "The number of users. In steps of 1, 2, 5, 10, 20, 50 and so on.",
        "0",
        "To know how large installations are.",
        "",
        "yes",
    ] in rows
    assert [
        "a `b` | c",
        "How *it* runs_.",
        "x" * 255,
        "To know how the product is set up.",
        "2.0",
        "yes",
    ] in rows


@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_declared_facts_have_no_column_about_being_sent(form):
    rows, text = page_of(as_declared(), form)
    assert ["Fact", "Description", "Example", "Purpose", "Since"] in rows
    assert "this machine" not in text


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_a_fact_that_is_not_sent_has_a_reason(form, settings):
    settings.METRIC_COLLECTION_FACTS = {"region": lambda: None}
    rows, text = page_of(as_found_here(), form)
    assert [row[-1] for row in rows if row[0] == "region"] == ["no: not known here"]
    assert "On this machine: On, which is the default." in text
    settings.METRIC_COLLECTION = False
    rows, text = page_of(as_found_here(), form)
    assert {row[-1] for row in rows if row[0] == "os_version"} == {"no"}
    assert "On this machine: Off, because METRIC_COLLECTION = False is set" in text


@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_each_probe_is_a_section_with_its_docstring_and_its_path(form):
    _rows, text = page_of(as_declared(), form)
    assert (
        "Reports the distributions of METRIC_COLLECTION_LIBRARIES that are installed."
        " (metric_collection.probes.Libraries)"
    ) in text
    assert "Stated facts" in text


@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_campaigns_come_last(form):
    rows, _text = page_of(as_declared(), form)
    assert rows[-1] == [
        "Speed | *fast*",
        "To know it.",
        "how often in 7 days, and the sum of the values",
        "2026-01-01",
        "2026-12-31",
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"aggregationPeriodLength": 1}, "how often in a day, and the sum of the values"),
        ({"eventAggregationRule": "avg"}, "how often in 7 days, and the mean of the values"),
        ({"onlyRecordOnce": True}, "whether at all in 7 days"),
    ],
)
def test_a_campaign_describes_how_its_events_are_aggregated(settings, keys, said):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"speed": CAMPAIGN | keys}
    assert said in written(as_declared(), "markdown")


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_a_report_of_one_fact_stands_there_as_it_is_posted(settings, form):
    settings.METRIC_COLLECTION_CATEGORIES = ["Heartbeat"]
    _, example = written(as_found_here(), form).split("What a report looks like")
    lines = [line for line in example.splitlines() if line.startswith("    ")]
    body = json.loads("\n".join(lines))
    (event,) = body["events"]
    assert body["idsite"] == 5
    named = (event["category"], event["action"], event["name"])
    assert named == ("Heartbeat", "Acme Version", "1.0")


def test_without_a_collector_there_is_no_recipient(settings):
    settings.METRIC_COLLECTION_COLLECTOR_URL = None
    assert "Reports are sent to" not in written(as_declared(), "markdown")
    assert json.loads(written(as_declared(), "json"))["recipient"] is None


def test_where_no_report_is_wanted_no_fact_is_listed_and_none_looks_like_anything(settings):
    settings.METRIC_COLLECTION_CATEGORIES = []
    page = written(as_declared(), "markdown")
    assert "looks like" not in page
    assert "Acme Version" not in page
    assert "Campaigns" in page


def test_without_campaigns_there_is_no_section_of_them(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {}
    assert "Campaigns" not in written(as_declared(), "markdown")


@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_recorders_are_listed_with_description_coarsening_and_campaign(form, settings):
    settings.METRIC_COLLECTION_RECORDERS = RECORDERS
    settings.METRIC_COLLECTION_PACKAGES = ["acme", "acme_labels"]
    rows, text = page_of(as_declared(), form)
    assert rows[-2:] == [
        [
            "tasks",
            (
                "Counts how often each Celery task succeeded, failed or was retried, and its"
                " milliseconds. By the name of the task; never its arguments or its result."
            ),
            "Speed | *fast*",
        ],
        [
            "clients",
            (
                "Counts the requests of each version of acme-cli, acme-app. Only these names and up to"
                " three numbers of the version; nothing else of the header, and nothing of other clients."
            ),
            "Speed | *fast*",
        ],
    ]
    assert "limited to these packages: acme, acme_labels." in text
    settings.METRIC_COLLECTION_PACKAGES = []
    assert "What is counted automatically." in page_of(as_declared(), form)[1]


def test_recorders_are_in_json_by_the_id_of_their_campaign(settings):
    settings.METRIC_COLLECTION_RECORDERS = RECORDERS
    told = json.loads(written(as_declared(), "json"))["recorders"]
    assert [(each["name"], each["campaign"]) for each in told] == [
        ("tasks", "speed"),
        ("clients", "speed"),
    ]
    assert all(each["description"] and each["coarsened"] for each in told)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("CONSENT", "opt-out", "Operators can decline at any time."),
        ("CONSENT", "notice", "Nothing is sent before a superuser has seen a notice."),
        ("CONSENT", "opt-in", "Nothing is gathered or sent unless a superuser agrees."),
        ("CATEGORIES", ["Install"], "to its makers: when it is installed. Everything that can be"),
        ("CATEGORIES", ["Install", "Heartbeat"], "when it is installed and once every 24 hours."),
        ("CATEGORIES", [], "to its makers: at the end of each period of a campaign."),
        ("HEARTBEAT_INTERVAL", 5400, "once every 1.5 hours"),
        (
            "OFF_SWITCHES",
            {"ACME_TELEMETRY": False},
            "METRIC_COLLECTION=False or ACME_TELEMETRY=False",
        ),
        ("OFF_SWITCHES", {"ACME_NO_METRICS": True}, "or ACME_NO_METRICS=1 or DO_NOT_TRACK=1"),
        ("REPORT_OPT_OUT", False, "Nothing is sent any more."),
        ("REPORT_OPT_OUT", True, "One last event reports that."),
        ("PRODUCT", "Häuser & *Co_*", "Usage metrics of Häuser & *Co_*"),
    ],
)
@pytest.mark.parametrize("form", ["rst", "markdown"])
def test_the_introduction_describes_the_effect_of_the_settings(
    settings, form, setting, value, said
):
    setattr(settings, f"METRIC_COLLECTION_{setting}", value)
    assert said in page_of(as_declared(), form)[1]


@pytest.mark.django_db
def test_json_has_it_all_by_name():
    told = json.loads(written(as_found_here(), "json"))
    facts = {fact["name"]: fact for fact in told["facts"]}
    assert (told["product"], told["state"]) == ("Acme", "On, which is the default.")
    assert facts["users"] == {
        "name": "users",
        "description": "The number of users.",
        "example": "0",
        "purpose": "To know how large installations are.",
        "probe": "METRIC_COLLECTION_COUNTS['users']",
        "since": None,
        "coarsened": "In steps of 1, 2, 5, 10, 20, 50 and so on.",
        "sent": True,
        "reason": None,
        "group": "counts",
    }
    assert told["campaigns"] == [
        {
            "id": "speed",
            "title": "Speed | *fast*",
            "purpose": "To know it.",
            "counted": "how often in 7 days, and the sum of the values",
            "period_days": 7,
            "from": "2026-01-01",
            "until": "2026-12-31",
        }
    ]


def test_json_is_silent_where_no_machine_was_looked_at():
    told = json.loads(written(as_declared(), "json"))
    assert told["state"] is None
    assert {fact["sent"] for fact in told["facts"]} == {None}


def test_there_are_four_forms():
    assert FORMS == ("rst", "markdown", "table", "json")


def test_a_table_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    lines = written(as_declared(), "table").partition("What a report")[0].splitlines()
    assert lines[:2] == ["Usage metrics of Acme", "====================="]
    assert any(
        line.split() == ["Fact", "Description", "Example", "Purpose", "Since"] for line in lines
    )
    assert max(map(len, lines)) <= 70


@pytest.mark.parametrize("form", ["rst", "markdown", "table"])
def test_the_recipient_is_named_without_credentials(settings, form):
    settings.METRIC_COLLECTION_COLLECTOR_URL = "https://me:secret@metrics.example.org/ci.php"
    page = " ".join(written(as_declared(), form).split())
    assert "Reports are sent to metrics.example.org, which can see the IP address" in page
    assert "secret" not in page
    assert json.loads(written(as_declared(), "json"))["recipient"] == "metrics.example.org"
