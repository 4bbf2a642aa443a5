from __future__ import annotations

from datetime import date, timedelta

import pytest

from metric_collection.collector.counting import catalog, rollup
from metric_collection.collector.models import (
    Arrival,
    Cell,
    Fact,
    Hour,
    Lateness,
    Pair,
    Period,
    Receipt,
    Refusal,
    Site,
    Span,
    Spread,
    Usage,
    UsageName,
    Value,
)
from tests.collector.reports import FACTS, NOON, body, event, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = NOON.date()


def roll_up(now=NOON):
    return rollup.roll_up(lambda: now)


def period(span=Span.DAY, start=TODAY) -> Period:
    return Period.objects.get(span=span, start=start)


def numbers(fact, span=Span.DAY, start=TODAY):
    """The cells of a fact by the texts of their values."""
    cells = Cell.objects.filter(fact__name=fact, span=span, start=start).select_related("value")
    return {str(cell.value): cell.n for cell in cells}


def test_a_heartbeat_counts_its_installation_for_day_week_and_month(put):
    put(report())
    assert roll_up() == 1
    for span, start in [
        (Span.DAY, TODAY),
        (Span.WEEK, date(2026, 3, 2)),
        (Span.MONTH, date(2026, 3, 1)),
    ]:
        found = period(span, start)
        assert (found.installations, found.heartbeats, found.is_exact) == (1, 1, True)
        assert numbers("os_version", span, start) == {FACTS["os_version"]: 1}
    assert not Arrival.objects.exists()


def test_reports_add_up(put):
    for _ in range(3):
        put(report())
    roll_up()
    put(report(first="day"))
    roll_up()
    assert period().installations == 4
    assert period(Span.MONTH, date(2026, 3, 1)).installations == 3
    assert numbers("Acme Version") == {"2.4.1": 4}


def test_a_second_report_of_a_day_counts_no_installation(put):
    put(report())
    put(report(first="nothing"))
    roll_up()
    assert (period().installations, period().heartbeats) == (1, 2)
    assert numbers("os_version") == {FACTS["os_version"]: 1}


def test_an_install_counts_no_installation_but_the_version_that_was_installed(put):
    put(report("Install", first="nothing"))
    put(report("Install", first=None))
    roll_up()
    assert (period().installs, period().installations) == (2, 0)
    assert numbers("installed") == {"2.4.1": 2}
    assert numbers("os_version") == {}


def test_an_upgrade_counts_by_its_flag_and_by_the_new_version(put):
    put(report("Upgrade", first="day"))
    put(report("Upgrade", first="nothing"))
    roll_up()
    assert (period().upgrades, period().installations) == (2, 1)
    assert numbers("upgraded to") == {"2.4.1": 2}


def test_without_the_flag_heartbeats_count_for_their_day_alone(put):
    put(report(first=None))
    put(report("Upgrade", first=None))
    roll_up()
    assert (period().installations, period().is_exact) == (1, False)
    assert period(Span.WEEK, date(2026, 3, 2)).installations == 0


def test_the_flag_is_no_fact(put):
    put(report())
    roll_up()
    assert set(Fact.objects.values_list("name", flat=True)) == set(FACTS)


def test_a_fact_that_is_stated_twice_counts_once(put):
    put(body(event("Heartbeat", "edition", "basic"), event("Heartbeat", "edition", "pro")))
    roll_up()
    assert numbers("edition") == {"basic": 1}


def test_a_built_in_fact_is_another_than_a_reported_one_of_its_name(put):
    put(report("Install", first="nothing"))
    put(report(facts={**FACTS, "installed": "by hand"}))
    roll_up()
    assert Fact.objects.filter(name="installed").count() == 2


def test_an_opt_out_counts_nothing_else(put):
    put(body(event("Consent Withdrawn", "Action", "Opt-out")))
    roll_up()
    assert (period().opt_outs, period().installations, period().heartbeats) == (1, 0, 0)
    assert not Usage.objects.exists()


def test_a_report_counts_one_opt_out_however_often_it_states_it(put):
    put(body(*[event("Consent Withdrawn", "Action", "Opt-out")] * 900))
    roll_up()
    assert period().opt_outs == 1


def test_a_repeat_counts_once_and_its_receipt_is_extended(put):
    put(report(), key="a")
    put(report(), key="a")
    roll_up()
    assert (period().installations, period().repeats) == (1, 1)
    for days in range(1, 11):
        put(report(), key="a", at=NOON + days * DAY)
        roll_up(NOON + days * DAY)
    assert Period.objects.filter(span=Span.DAY, installations__gt=0).count() == 1
    assert Receipt.objects.get().until == TODAY + 13 * DAY


def test_reports_without_a_key_count_each(put):
    put(report())
    put(report())
    roll_up()
    assert period().installations == 2


def test_the_receipt_of_an_import_is_kept_as_long_as_its_reports_are_accepted(put):
    put(report(), key="a", source=Arrival.Source.IMPORT)
    roll_up()
    assert Receipt.objects.get().until == TODAY + 101 * DAY
    assert not Hour.objects.exists()


@pytest.mark.parametrize("days", [-103, 3, 20_000])
def test_a_report_under_a_wrong_clock_is_skewed_and_nothing_more(put, days):
    put(report(at=NOON + days * DAY))
    roll_up()
    assert (period().skewed, period().installations) == (1, 0)
    assert Period.objects.count() == 1
    assert not Cell.objects.exists()


@pytest.mark.parametrize("days", [-102, 1])
def test_a_report_of_the_edge_of_the_accepted_days_counts(put, days):
    put(report(at=NOON + days * DAY))
    roll_up()
    assert period(start=TODAY + days * DAY).installations == 1


@pytest.mark.parametrize(
    ("days", "step", "late"), [(0, 0, 0), (1, 1, 0), (3, 2, 0), (4, 2, 1), (9, 8, 1), (40, 31, 1)]
)
def test_a_late_report_counts_in_its_own_day(put, days, step, late):
    put(report(at=NOON - days * DAY))
    roll_up()
    assert period(start=TODAY - days * DAY).installations == 1
    assert Period.objects.filter(span=Span.DAY, start=TODAY, late=1).count() == late
    assert Lateness.objects.get().days == step


def test_values_that_differ_by_case_or_accent_alone_are_counted_apart(put):
    for name in ("Alpine", "alpine", "Alpine ", "Älpine"):
        put(report(facts={"os_version": name}))
    roll_up()
    assert numbers("os_version") == {"Alpine": 1, "alpine": 1, "Alpine ": 1, "Älpine": 1}


def test_a_week_is_counted_by_version(put, site):
    key = catalog.digest_of("os_version", False)
    Fact.objects.create(site=site, name="os_version", digest=key, is_public=True)
    put(report())
    put(report(first="day"))
    roll_up()
    pair = Pair.objects.get()
    assert (pair.start, str(pair.value), str(pair.by), pair.n) == (
        date(2026, 3, 2),
        FACTS["os_version"],
        "2.4.1",
        1,
    )


def test_usage_is_counted_with_its_period_and_spread(put):
    start = NOON.replace(hour=0)
    until = start + 28 * DAY
    for times in (1, 7, 7):
        put(
            body(
                event(
                    "music",
                    "play",
                    at=start - 28 * DAY,
                    until=until - 28 * DAY,
                    times=times,
                    value=2.5,
                )
            )
        )
    roll_up()
    usage = Usage.objects.get()
    assert (usage.start, usage.days, usage.installations, usage.times) == (
        TODAY - 28 * DAY,
        28,
        3,
        15,
    )
    assert (usage.value_sum, usage.weighted_sum) == (7.5, 37.5)
    assert dict(Spread.objects.values_list("bucket", "installations")) == {1: 1, 5: 2}
    assert str(usage.usage_name) == "music / play"


def test_usage_adds_up_over_runs(put):
    for _ in range(2):
        put(body(event("music", "play", "", times=2)))
        roll_up()
    assert Usage.objects.get().installations == 2
    assert Spread.objects.get().installations == 2
    assert UsageName.objects.get().has_name


def test_uses_of_a_report_add_up_to_a_bucket_that_every_database_can_store(put):
    put(body(*[event("music", "play", times=2**31 - 1)] * 3))
    roll_up()
    assert Usage.objects.get().times == 3 * (2**31 - 1)
    assert Spread.objects.get().bucket == 2 * 10**9


def test_a_visit_is_usage_of_its_path(put):
    start = int(NOON.timestamp())
    visit = {"action_name": "Main/Settings", "times": 3, "period_start": start, "period_end": start}
    put(body(visits=[visit]))
    roll_up()
    assert str(UsageName.objects.get()) == "Visit / Main/Settings"


def test_an_excluded_report_is_a_refusal(put, site):
    site.excluded = [{"fact": "Acme Version", "pattern": "2.4.*"}]
    site.save()
    put(report())
    put(report(facts={"Acme Version": "2.5"}))
    roll_up()
    assert period().installations == 1
    assert Refusal.objects.get().reason == "excluded"


@pytest.mark.parametrize(
    "excluded",
    [5, "2.4", {"fact": "Acme Version", "pattern": "*"}, ["2.4"], [{"pattern": "*"}]]
    + [[{"fact": "Acme Version", "pattern": pattern}] for pattern in (2.4, None, ["*"])],
)
def test_a_malformed_rule_excludes_no_report(put, site, excluded):
    Site.objects.update(excluded=excluded)
    put(report())
    assert roll_up() == 1
    assert period().installations == 1


def test_a_report_of_a_site_that_was_deleted_is_a_refusal(put):
    put(report(), site_id=7)
    roll_up()
    refusal = Refusal.objects.get()
    assert (refusal.site_id, refusal.reason, refusal.n) == (7, "unknown site", 1)


def test_versions_are_read_by_pep_440(put):
    for version in ("2.4.1", "v2.4.1", "2.5.dev3", "2.5rc1", "build 7", "9" * 5000):
        put(report(facts={"Acme Version": version}))
    roll_up()
    assert numbers("Acme Version") == {"2.4.1": 2, "(development)": 2, "(other)": 2}


def test_new_values_above_the_limit_of_a_day_are_other(put, settings):
    settings.METRIC_COLLECTOR_VALUES_PER_DAY = 2
    put(report(facts={"edition": "a"}))
    roll_up()
    for text in "bcd":
        put(report(facts={"edition": text}))
    put(report(facts={"edition": "a"}))
    roll_up()
    assert numbers("edition") == {"a": 2, "b": 1, "(other)": 2}
    refusal = Refusal.objects.get()
    assert (refusal.site_id, refusal.reason, refusal.n) == (5, "names", 2), (
        "status tells the publisher"
    )
    put(report(facts={"edition": "c"}))
    roll_up(NOON + DAY)
    assert numbers("edition")["c"] == 1


def test_facts_above_the_limit_of_a_day_are_not_counted(put):
    put(report(facts={f"fact {number:02}": "x" for number in range(25)}))
    roll_up()
    assert Fact.objects.count() == 20
    assert Refusal.objects.get().reason == "names"
    assert period().installations == 1


def test_usage_names_above_the_limit_of_a_day_are_other(put):
    put(body(*(event("music", f"play {number}") for number in range(203))))
    roll_up()
    other = Usage.objects.get(usage_name__category="(other)")
    assert UsageName.objects.count() == 201
    assert other.installations == 3


def test_the_month_in_which_a_value_was_last_seen_is_kept(put):
    put(report())
    roll_up()
    put(report(at=NOON + 31 * DAY))
    roll_up(NOON + 31 * DAY)
    assert set(Value.objects.filter(role="named").values_list("last_seen", flat=True)) == {
        date(2026, 4, 1)
    }


def test_a_report_that_cannot_be_counted_is_set_aside_and_no_other_suffers(put, caplog):
    for number in range(8):
        put(report() if number != 5 else b"poison")
    assert roll_up() == 7
    assert period().installations == 7
    assert Arrival.objects.set_aside().get().attempts == 3
    assert "JSONDecodeError" in caplog.text
    assert "poison" not in caplog.text


def test_an_empty_report_is_deleted(put):
    put(b'{"idsite": 5}')
    roll_up()
    assert not Arrival.objects.exists()
