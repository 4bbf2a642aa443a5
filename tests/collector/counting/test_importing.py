from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta

import pytest

from metric_collection.collector.counting import importing, rollup
from metric_collection.collector.counting.importing import AlreadyImportedError, import_file
from metric_collection.collector.models import Arrival, Import, Period, Refusal, Span
from tests.collector.reports import NOON, event, report
from tests.collector.reports import body as body_of

pytestmark = pytest.mark.django_db


def line(key, body: bytes) -> bytes:
    return json.dumps({"key": key, "body": json.loads(body)}).encode() + b"\n"


def take(*lines: bytes, now=NOON):
    return import_file(io.BytesIO(b"".join(lines)), now=now)


def active() -> int:
    rollup.roll_up(lambda: NOON)
    return sum(Period.objects.filter(span=Span.DAY).values_list("installations", flat=True))


def test_every_line_is_counted_in_its_own_day(site):
    days = [NOON - timedelta(days=n) for n in range(30)]
    result = take(*[line(str(day), report(at=day)) for day in days])
    assert (result.lines, result.counted, result.repeats, result.refused) == (30, 30, 0, 0)
    assert active() == 30
    assert Period.objects.filter(span=Span.DAY, installations=1).count() == 30


def test_a_file_is_imported_once(site):
    lines = [line("a", report())]
    take(*lines)
    with pytest.raises(AlreadyImportedError, match="2026-03-04 12:00 UTC already"):
        take(*lines)
    row = Import.objects.get()
    assert (row.lines, row.counted, row.repeats, row.refused, row.by) == (1, 1, 0, 0, None)
    assert len(row.sha256) == 64


def test_a_report_in_several_files_or_lines_is_counted_once(site, put):
    put(report(), key="a")
    assert active() == 1
    result = take(line("a", report()), line("b", report()), b"\n", line("b", report()))
    assert (result.lines, result.counted, result.repeats) == (3, 1, 2)
    assert active() == 2
    again = take(line("b", report()), line("c", report()))
    assert (again.counted, again.repeats) == (1, 1)


def test_a_file_whose_import_was_interrupted_is_imported_again(site):
    lines = [line("a", report()), line("b", report())]
    take(*lines)
    Import.objects.all().delete()
    take(*lines)
    assert active() == 2


def test_bare_bodies_are_counted_by_their_place_in_the_file(site):
    result = take(report() + b"\n", report())
    assert (result.counted, active()) == (2, 2)


def test_what_is_refused_is_named_by_line(site, settings):
    settings.METRIC_COLLECTOR_MAX_BODY = 2000
    old, early = NOON - timedelta(days=103), NOON + timedelta(days=3)
    result = take(
        b"nonsense\n",
        b"[1]\n",
        line("a", report(site=7)),
        line("b", report(at=old)),
        line("c", report(at=early)),
        b'{"key": "d", "body": {"idsite": NaN}}\n',
        line("e", body_of(event("x" * 2000, "y"))),
        line("f", report()),
    )
    assert result.refused == 7
    assert result.counted == 1
    reasons = dict(result.reasons)
    assert reasons[1] == "it is not JSON"
    assert reasons[3] == "idsite: there is no site 7"
    assert reasons[4] == reasons[5] == "it is too old, or of a time to come"
    assert reasons[6] == "it has a number that is not finite"
    assert reasons[7] == "a body has at most 2000 bytes"
    assert Refusal.objects.get(reason="date").n == 2


def test_usage_is_accepted_by_the_end_of_its_period(site):
    start = NOON - timedelta(days=110)
    usage = event("music", "play", at=start, until=NOON - timedelta(days=90))
    assert take(line("a", body_of(usage))).counted == 1
    over = event("music", "play", at=start, until=start + timedelta(days=1))
    assert take(line("b", body_of(over))).refused == 1


def test_a_line_without_an_end_does_not_shift_the_numbers_of_others(site, monkeypatch):
    monkeypatch.setattr(importing, "BLOCK", 1000)
    result = take(b"x" * 2500 + b"\n", line("a", report()), b"y" * 3000)
    assert [number for number, _ in result.reasons] == [1, 3]
    assert result.counted == 1


def test_only_the_first_hundred_refused_lines_are_named(site):
    result = take(*[b"x%d\n" % n for n in range(150)])
    assert (result.refused, len(result.reasons)) == (150, 100)


def test_progress_is_reported_in_bytes(site):
    seen = []
    lines = b"".join(line(str(n), report()) for n in range(600))
    import_file(io.BytesIO(lines), now=NOON, progress=lambda *each: seen.append(each))
    assert len(seen) == 2
    assert seen[-1] == (len(lines), len(lines))
    assert Arrival.objects.filter(source="import").count() == 600


def test_a_file_that_another_process_imports_meanwhile_is_imported_once(site):
    lines = line("a", report())

    def other(done, total):
        row = {"lines": 1, "counted": 1, "repeats": 0, "refused": 0, "at": NOON}
        Import.objects.create(sha256=hashlib.sha256(lines).hexdigest(), **row)

    with pytest.raises(AlreadyImportedError):
        import_file(io.BytesIO(lines), now=NOON, progress=other)
    assert Import.objects.count() == 1
    take(line("a", report()), b"\n")
    assert active() == 1
