from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from metric_collection.models import Report
from metric_collection.system_info import reports
from metric_collection.system_info.reports import newest

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)


def report(**values):
    return Report.objects.create(
        **{"category": "Heartbeat", "body": "{}", "sealed_at": NOON, **values}
    )


def delivered(**values):
    done = {"state": Report.State.DELIVERED, "outcome": "accepted", "settled_at": NOON}
    return report(**{**done, "status": 204, **values})


def failed(**values):
    tried = {"attempts": 1, "attempted_at": NOON, "failed_at": NOON}
    return report(**{**tried, "outcome": "no-connection", "detail": "refused", **values})


def only(now=NOON):
    (entry,) = newest(10, now=now).entries
    return entry


def test_queued_and_sent_reports_are_one_list_newest_first():
    keys = [delivered().pk, report().pk, delivered().pk]
    assert [entry.report.pk for entry in newest(10, now=NOON).entries] == keys[::-1]


def test_the_list_leads_on_to_older_reports():
    keys = [delivered().pk for _ in range(5)]
    first = newest(3, now=NOON)
    assert [entry.report.pk for entry in first.entries] == keys[:1:-1]
    rest = newest(3, now=NOON, before=first.older)
    assert [entry.report.pk for entry in rest.entries] == keys[1::-1]
    assert rest.older is None


def test_the_list_can_be_filtered_by_state_and_counts_every_state():
    queued = report()
    delivered()
    found = newest(10, now=NOON, state="queued")
    assert [entry.report.pk for entry in found.entries] == [queued.pk]
    assert found.filters == [("queued", "queued", 1), ("delivered", "accepted", 1)]
    assert (found.total, found.queued) == (2, 1)


@pytest.mark.parametrize(
    ("made", "gist", "queue"),
    [
        ([], "0 reports sent, none queued", "no reports"),
        ([delivered], "1 report sent, none queued", "no reports"),
        ([delivered, delivered, report], "2 reports sent, 1 queued", "1 report"),
    ],
)
def test_the_gist_counts_sent_and_queued_reports(made, gist, queue):
    for make in made:
        make()
    found = newest(10, now=NOON)
    assert (found.gist, found.queue) == (gist, queue)


def test_the_list_is_open_while_a_queued_report_has_failed():
    report()
    assert not newest(10, now=NOON).is_open
    failed()
    assert newest(10, now=NOON).is_open


@pytest.mark.parametrize(
    ("make", "state", "tone"),
    [
        (report, "queued", ""),
        (failed, "retrying", "um-careful"),
        (delivered, "accepted", "um-good"),
        (lambda: delivered(state="given-up", outcome="refused"), "refused", "um-bad"),
        (lambda: delivered(state="given-up", outcome="expired"), "expired", "um-bad"),
        (lambda: delivered(state="exported", outcome="exported"), "exported", ""),
    ],
)
def test_the_badge_is_a_word_and_a_colour(make, state, tone):
    make()
    assert (only().state, only().tone) == (state, tone)


def test_a_failed_attempt_and_the_next_one_are_dated():
    failed(wait_until=NOON + timedelta(hours=1))
    assert only().story == [
        "Last attempt on March 1, 2026, 6:30 a.m.: no connection to the collector (refused).",
        "Next attempt: March 1, 2026, 7:30 a.m.",
    ]


def test_no_next_attempt_is_in_the_past():
    failed(wait_until=NOON + timedelta(hours=1))
    assert only(now=NOON + timedelta(hours=2)).story[-1] == "To be sent by the next sweep."


def test_a_sent_report_tells_when_and_how_it_was_answered():
    delivered()
    assert only().story == ["March 1, 2026, 6:30 a.m.: accepted (204)."]


def test_an_exported_report_is_called_exported_once():
    delivered(state="exported", outcome="exported", status=None)
    assert only().story == ["March 1, 2026, 6:30 a.m.: exported to a file."]


@pytest.mark.parametrize(
    ("later", "age"), [(timedelta(seconds=59), "just now"), (timedelta(hours=3), "3\xa0hours ago")]
)
def test_the_age_is_rough(later, age):
    delivered()
    assert only(now=NOON + later).age == age


def test_a_report_of_a_campaign_names_it():
    report(category="Usage", campaign_id="search")
    assert only().subject == "Usage: search"


def test_long_bodies_are_only_linked_to():
    delivered(body="é" * 4096)
    assert (only().size, only().is_shown_in_place) == (8192, True)
    Report.objects.update(body="é" * 4097)
    assert not only().is_shown_in_place


def test_all_reports_are_written_as_json_lines_with_their_exact_bodies():
    keys = [str(delivered(body='{"idsite":5}').key), str(report().key)]
    lines = [json.loads(line) for line in reports.lines()]
    assert [line["key"] for line in lines] == keys[::-1]
    assert lines[1]["body"] == '{"idsite":5}'
