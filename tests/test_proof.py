from __future__ import annotations

import pytest

from metric_collection.cleaninsights.clock import utc_now
from metric_collection.collection import Collection
from metric_collection.consent import choose
from metric_collection.models import Consent, Measurement, Report
from metric_collection.proof import run_cycle

pytestmark = pytest.mark.django_db
DENIED = Consent.Choice.DENIED


def test_a_cycle_that_is_allowed_is_seen_and_undone():
    seen = run_cycle()
    assert "Acme Version" in seen.gathered
    assert "INSERT usage_metrics_report" in map(str, seen.written)
    assert seen.tried == ["getaddrinfo 127.0.0.1:9"]
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "switch_off",
    [
        lambda settings, env, now: env.setenv("METRIC_COLLECTION", "off"),
        lambda settings, env, now: env.setenv("DO_NOT_TRACK", "1"),
        lambda settings, env, now: setattr(settings, "METRIC_COLLECTION", False),
        lambda settings, env, now: setattr(settings, "METRIC_COLLECTION_CONSENT", "opt-in"),
        lambda settings, env, now: delattr(settings, "METRIC_COLLECTION_SITE_ID"),
        lambda settings, env, now: choose(DENIED, now=now),
    ],
    ids=["environment", "do-not-track", "setting", "opt-in", "configuration", "denied"],
)
def test_off_by_any_rule_a_cycle_does_nothing(switch_off, settings, monkeypatch, clock):
    Collection(clock=clock, random=lambda: 0).record()
    Measurement.objects.create(times=1, period_start=clock(), period_end=clock())
    clock.advance(days=200)
    switch_off(settings, monkeypatch, clock())
    assert run_cycle().is_empty


def test_the_last_event_that_the_page_has_announced_is_not_hidden(settings):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(DENIED, now=utc_now())
    seen = run_cycle()
    assert seen.gathered == []
    assert seen.tried == ["getaddrinfo 127.0.0.1:9"]
    assert Report.objects.get().attempts == 0


def test_in_notice_mode_what_is_gathered_ahead_is_not_hidden(settings):
    settings.METRIC_COLLECTION_CONSENT = "notice"
    seen = run_cycle()
    assert seen.gathered
    assert seen.tried == []
