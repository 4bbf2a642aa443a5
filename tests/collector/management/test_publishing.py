from __future__ import annotations

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector.models import Fact, Period, Publication, Site, Span
from tests.collector.reports import report
from tests.collector.rows import grow

pytestmark = pytest.mark.django_db


def run(*arguments) -> str:
    out = StringIO()
    call_command("metric_collector", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def site():
    site = grow(days=10)
    Site.objects.update(is_public=True)
    Fact.objects.filter(is_declared=True).update(is_public=True)
    return site


@pytest.fixture
def held(site) -> Period:
    period = site.periods.filter(span=Span.DAY).earliest("start")
    Period.objects.filter(pk=period.pk).update(state=Period.State.HELD, note="odd")
    return period


def test_what_is_due_is_published_and_written_to_a_folder(site, tmp_path):
    assert "periods were published." in run("publish")
    assert Publication.objects.exists()
    assert f"files were written to {tmp_path}, 0 were removed." in run("publish", "--out", tmp_path)
    assert (tmp_path / "acme/index.html").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot be written to"):
        run("publish", "--out", tmp_path / "file")


def test_a_site_that_cannot_be_published_is_named(site):
    day = site.periods.filter(span=Span.DAY).earliest("start").start
    Publication.objects.create(
        site=site, span=Span.DAY, start=day, body="{}", sha256="0", published_at=utc_now()
    )
    message = r"Some periods could not be published: site 5 \(IntegrityError\)\."
    with pytest.raises(CommandError, match=message):
        run("publish")


def test_held_periods_are_listed_with_the_reason(site, held):
    assert run("held") == f"5  day {held.start}  100 installations: odd\n"
    assert json.loads(run("held", "--json")) == [
        {
            "site": 5,
            "span": "day",
            "first": held.start.isoformat(),
            "installations": 100,
            "reason": "odd",
        }
    ]
    Period.objects.update(state=Period.State.SETTLED)
    assert run("held") == "Nothing is held.\n"


@pytest.mark.parametrize(
    ("decision", "state"), [("publish", "published"), ("leave-out", "left out")]
)
def test_a_held_period_is_decided_once(site, held, decision, state):
    assert run("decide", 5, held.start, decision, "--note", "a fair") == (
        f"day {held.start} of Acme: {state}.\n"
    )
    held.refresh_from_db()
    assert (held.state, held.note) == (state, "a fair")
    with pytest.raises(CommandError, match="is not held"):
        run("decide", 5, held.start, decision)


def test_a_note_that_is_too_long_is_refused(site, held):
    with pytest.raises(CommandError, match="--note has 201 characters"):
        run("decide", 5, held.start, "publish", "--note", "x" * 201)


def test_a_fact_is_erased(site, monkeypatch):
    with pytest.raises(CommandError, match="Acme has no fact 'nothing'"):
        run("forget-fact", 5, "nothing")
    with pytest.raises(CommandError, match="os_version has no value 'ubuntu'"):
        run("forget-fact", 5, "os_version", "--value", "ubuntu", "--no-input")
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        run("forget-fact", 5, "os_version")
    assert Fact.objects.filter(name="os_version").exists()
    erased = run("forget-fact", 5, "os_version", "--value", "Ubuntu 24.04 LTS", "--no-input")
    assert erased == "1 values were erased, 0 publications were rewritten.\n"
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert "2 values were erased" in run("forget-fact", 5, "os_version")
    assert not Fact.objects.filter(name="os_version").exists()


def test_a_site_is_erased(site):
    some = run("forget-site", 5, "--before", date(2026, 11, 20), "--no-input")
    assert "periods of Acme were erased." in some
    assert site.periods.earliest("start").start >= date(2026, 11, 20)
    run("forget-site", 5, "--no-input")
    assert not site.periods.exists()


def test_files_of_reports_are_imported_once(site, tmp_path):
    file = tmp_path / "reports.jsonl"
    file.write_bytes(report(at=utc_now()) + b"\nnonsense\n")
    assert run("import", file) == (
        f"{file}: 1 counted, 0 repeats, 1 refused of 2 lines.\n  line 2: it is not JSON\n"
    )
    with pytest.raises(CommandError, match="was imported on"):
        run("import", file)
    with pytest.raises(CommandError, match="No such file"):
        run("import", tmp_path / "missing")
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"x")
    (result,) = json.loads(run("import", other, "--json"))
    assert result["reasons"] == [{"line": 1, "reason": "it is not JSON"}]


@pytest.mark.parametrize("action", ["forget-site 5", "forget-fact 5 os_version"])
def test_a_question_that_nobody_can_answer_names_the_option(site, monkeypatch, action):
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match=r"Nothing was erased. .* --no-input"):
        run(*action.split())
    assert site.periods.exists()


def test_the_day_before_which_is_erased_is_a_day(site):
    with pytest.raises(CommandError, match="'tomorrow' is not a day, such as 2026-11-26"):
        run("forget-site", 5, "--before", "tomorrow", "--no-input")
