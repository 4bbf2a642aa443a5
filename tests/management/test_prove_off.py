from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from metric_collection.models import Report

pytestmark = pytest.mark.django_db


def prove_off(*arguments: str) -> tuple[int, str]:
    """Run it; return its exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command("metric_collection", "prove-off", *arguments, stdout=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def test_off_it_names_the_rule_and_exits_with_0(monkeypatch):
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    code, told = prove_off()
    assert code == 0
    assert told.splitlines() == [
        "Off, because METRIC_COLLECTION=False is set in the environment.",
        "A whole cycle with every socket refused has gathered, written and tried nothing.",
    ]


def test_after_an_opt_out_it_exits_with_0():
    call_command("metric_collection", "opt-out", stdout=io.StringIO())
    code, told = prove_off()
    assert (code, told.splitlines()[0]) == (0, "Off, because a superuser has declined.")


def test_on_it_says_so_runs_nothing_and_exits_with_1():
    code, told = prove_off()
    assert (code, told.splitlines()[0]) == (1, "On, which is the default.")
    assert not Report.objects.exists()


def test_everything_done_is_listed_and_it_exits_with_1(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    code, told = prove_off()
    assert code == 1
    assert "gathered: Acme Version\n" in told
    assert "written: INSERT usage_metrics_report\n" in told
    assert not Report.objects.exists()


def test_as_json(monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    code, told = prove_off("--json")
    assert code == 0
    assert json.loads(told) == {
        "off": True,
        "rule": "do-not-track",
        "reason": "Off, because DO_NOT_TRACK=1 is set in the environment.",
        "gathered": [],
        "written": [],
        "tried": [],
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("mode", "code"), [("opt-in", 0), ("opt-out", 1)])
def test_before_the_first_migrate_the_mode_decides(settings, mode, code):
    settings.METRIC_COLLECTION_CONSENT = mode
    call_command("migrate", "usage_metrics", "zero", verbosity=0)
    try:
        assert prove_off()[0] == code
    finally:
        call_command("migrate", "usage_metrics", verbosity=0)
