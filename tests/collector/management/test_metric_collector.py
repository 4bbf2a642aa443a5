from __future__ import annotations

import json
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils.text import slugify

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collector import work
from metric_collection.collector.models import Arrival, Fact, Period, Site, Work
from tests.collector.reports import FACTS, body, event, report

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command("metric_collector", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def test_a_site_is_added_and_listed():
    assert "no site" in run("site", "list")
    assert run("site", "add", 5, "Acme") == "Site 5 was added: Acme\n"
    run("site", "add", 6, "Acme", "--public")
    listed = json.loads(run("site", "list", "--json"))
    assert listed == [
        {"id": 5, "name": "Acme", "slug": "acme", "public": False},
        {"id": 6, "name": "Acme", "slug": "acme-6", "public": True},
    ]
    assert run("site", "list") == "5  Acme\n6  Acme  public\n"


def test_a_name_without_letters_has_a_slug_all_the_same():
    run("site", "add", 5, "★")
    assert Site.objects.get().slug == "site-5"


def test_a_site_is_not_added_twice(site):
    with pytest.raises(CommandError, match="There is a site 5 already"):
        run("site", "add", 5, "Acme")


@pytest.mark.parametrize("site_id", [0, 2**30, 2_000_000_000, 10**23])
@pytest.mark.parametrize("action", [["site", "add", "{}", "Big"], ["demo", "--id", "{}"]])
def test_an_id_that_no_site_can_have_is_refused(site_id, action):
    arguments = [word.format(site_id) for word in action]
    with pytest.raises(CommandError, match=f"{site_id} is not the id of a site: 1 to"):
        run(*arguments)
    assert not Site.objects.exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "This field cannot be blank"),
        (" ", "This field cannot be blank"),
        ("x" * 101, "at most 100 characters"),
        ("\udcff", "surrogates not allowed"),
    ],
)
def test_a_name_that_no_database_could_keep_is_refused(name, problem):
    with pytest.raises(CommandError, match=problem) as caught:
        run("site", "add", 5, name)
    assert f"Site 5 with the name {name.strip()!r} cannot be added" in str(caught.value)
    assert not Site.objects.exists()


@pytest.mark.parametrize("other", ["x" * 60, "Acme"])
def test_each_site_has_a_slug_of_its_own(other):
    run("site", "add", 5, other)
    run("site", "add", 2**30 - 1, other)
    run("site", "add", 6, f"{other} 7")
    run("site", "add", 7, other)
    assert Site.objects.get(pk=2**30 - 1).slug == f"{slugify(other)[:39]}-1073741823"


def test_an_unknown_site_is_named_with_those_that_there_are(site):
    with pytest.raises(CommandError, match=r"There is no site 7. Sites: 5. Add it with site add."):
        run("show", 7)
    with pytest.raises(CommandError, match=f"There is no site {10**23}"):
        run("show", 10**23)


def test_reports_that_were_set_aside_are_counted_once_the_cause_is_fixed(put):
    for each in (report(at=utc_now()), b"poison"):
        put(each)
    Arrival.objects.update(attempts=3)
    assert run("retry") == "2 reports were tried again, 1 are still set aside.\n"
    assert Period.objects.get(span="D").installations == 1
    assert Arrival.objects.set_aside().get().body == b"poison"


def test_the_clients_dictionary_is_taken(site, tmp_path, put):
    now = utc_now()
    put(report(facts={**FACTS, "secret": "x"}, at=now), at=now)
    run("work", "--once")
    file = tmp_path / "dictionary.json"
    call_command("metric_collection", "dictionary", "--json", stdout=(out := StringIO()))
    file.write_text(out.getvalue())
    assert "facts of Acme are declared" in run("dictionary", 5, file)
    fact = Fact.objects.get(name="os_version")
    assert fact.is_declared
    assert not fact.is_public
    assert fact.description
    assert fact.purpose
    assert Fact.objects.get(name="Acme Version").kind == "version"
    assert not Fact.objects.get(name="secret").is_declared
    assert not Fact.objects.filter(name="first_report_of").exists()
    run("dictionary", 5, file, "--public")
    assert Fact.objects.get(name="os_version").is_public


@pytest.mark.parametrize("text", ["", "[]", '{"facts": 1}', '{"facts": [{"description": "x"}]}'])
def test_another_file_is_no_dictionary(site, tmp_path, text):
    file = tmp_path / "file.json"
    file.write_text(text)
    with pytest.raises(CommandError, match="metric_collection dictionary --format json"):
        run("dictionary", 5, file)


def test_the_numbers_are_shown(site, put):
    now = utc_now()
    today = now.date().isoformat()
    for _ in range(3):
        put(report(at=now), at=now)
    put(report("Install", at=now, first="nothing"), at=now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    period = {"at": midnight - timedelta(days=28), "until": midnight}
    put(body(event("music", "play", times=5, value=3, **period)), at=now)
    assert json.loads(run("work", "--once", "--json"))["roll-up"] == 5
    shown = json.loads(run("show", 5, "--json"))
    facts = {name: {text: 3} for name, text in FACTS.items()}
    counts = {"installations": 3, "heartbeats": 3, "upgrades": 0, "installs": 1, "opt_outs": 0}
    start = period["at"].date().isoformat()
    assert shown == {
        "site": 5,
        "days": [{"day": today, **counts, "facts": facts}],
        "usage": [
            {"category": "music", "action": "play", "name": None, "start": start, "days": 28}
            | {"installations": 1, "times": 5, "value_sum": 3.0}
        ],
    }
    text = run("show", 5)
    assert f"{today}  installations 3, heartbeats 3, upgrades 0, installs 1, opt-outs 0" in text
    assert "music / play: 1 installations, 5 times in 28 days" in text


def test_a_range_of_days_is_shown(site, put):
    now = utc_now()
    for days in range(3):
        put(report(at=now - timedelta(days=days)), at=now)
    run("work", "--once")
    day = (now - timedelta(days=1)).date()
    (shown,) = json.loads(run("show", 5, "--since", day, "--until", day, "--json"))["days"]
    assert shown["day"] == day.isoformat()
    assert run("show", 5, "--until", "2020-01-01") == "Nothing was counted.\n"


def test_status_is_0_when_all_is_well(site):
    run("work", "--once")
    assert "Self-check: works" in run("status")
    assert json.loads(run("status", "--json"))["well"] is True


def test_status_is_3_when_the_roll_up_stands_still(put):
    put(report(), at=utc_now() - timedelta(hours=2))
    with pytest.raises(SystemExit) as caught:
        run("status")
    assert caught.value.code == 3


def test_a_wrong_setting_fails_check(settings, capsys):
    assert run("check") == "The settings are valid.\n"
    settings.METRIC_COLLECTOR_RATE = 0
    with pytest.raises(SystemExit) as caught:
        call_command("metric_collector", "check")
    assert caught.value.code == 1
    assert "METRIC_COLLECTOR_RATE is 0" in capsys.readouterr().err


def test_the_demo_fills_a_site_once():
    assert run("demo", "--id", 9, "--installations", 4, "--days", 2) == (
        "4 installations of Acme reported for 2 days.\n"
    )
    assert not Arrival.objects.exists()
    with pytest.raises(CommandError, match="Site 9 has numbers already"):
        run("demo", "--id", 9)


def test_work_once_runs_every_job_and_again_only_what_is_always_due(site):
    assert set(json.loads(run("work", "--once", "--json"))) >= {
        "roll-up",
        "settle",
        "publish",
        "forget",
    }
    assert run("work", "--once") == "roll-up: 2\npublish: 0\n", "the self-check's"
    assert Work.objects.get(name="settle").outcome == "done"


def test_a_collector_is_not_moved_to_itself_or_to_nowhere():
    with pytest.raises(CommandError, match="Both databases are"):
        run("move")
    with pytest.raises(CommandError, match="DATABASES has: default"):
        run("move", "--to", "pg")


@pytest.mark.parametrize("option", ["--days", "--installations"])
@pytest.mark.parametrize("text", ["-5", "0", "9999999", "many"])
def test_a_demo_of_an_impossible_size_is_refused(option, text):
    with pytest.raises(CommandError, match=rf"argument {option}: '{text}' is not a number from 1"):
        run("demo", option, text)
    assert not Site.objects.exists()


@pytest.mark.parametrize(
    "action", ["show 5 --since {}", "show 5 --until {}", "decide 5 {} publish"]
)
def test_a_day_in_another_form_is_refused(action):
    with pytest.raises(CommandError, match=r"'26.11.2026' is not a day, such as 2026-11-26"):
        run(*action.format("26.11.2026").split())


def test_a_terminal_sees_the_demos_progress():
    class Terminal(StringIO):
        def isatty(self):
            return True

    run("demo", "--id", 9, "--installations", 1, "--days", 1, stderr=(terminal := Terminal()))
    assert terminal.getvalue().count("\r") == 2
    assert "#" * 40 in terminal.getvalue()


def test_work_goes_on_until_it_is_stopped(put, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    runs = work.run_forever(sleep=time.sleep)
    monkeypatch.setattr(work, "run_forever", lambda: [next(runs), next(runs)])
    put(report(at=utc_now()), at=utc_now())
    assert run("work") == ""
    assert not Arrival.objects.exists()


def test_a_database_without_tables_is_named(monkeypatch):
    def fail():
        raise DatabaseError("no such table")

    monkeypatch.setattr(Site.objects, "products", fail)
    with pytest.raises(CommandError, match=r"no such table. Has migrate been run"):
        run("site", "list")
