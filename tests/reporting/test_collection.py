from __future__ import annotations

import json
from datetime import timedelta

import pytest

from metric_collection.cleaninsights import payload
from metric_collection.cleaninsights.clock import EPOCH
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.consent.choice import choose, choose_group, disclose, groups
from metric_collection.models import Change, Consent, Measurement, Report, Snapshot
from metric_collection.probes.probe import Compared, Fact
from metric_collection.reporting.collection import Collection, is_higher
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=24)


@pytest.fixture
def collection(clock):
    return Collection(clock=clock, random=lambda: 0.5)


@pytest.fixture
def installed(collection):
    """An installation whose Install has been recorded and delivered."""
    collection.record()
    Report.objects.all().delete()
    return Snapshot.objects.get()


def categories() -> list[str]:
    return [report.category for report in Report.objects.order_by("id")]


def facts_of(report: Report) -> dict[str, str]:
    return {event["action"]: event["name"] for event in json.loads(report.body)["events"]}


def set_facts(settings, **facts):
    settings.METRIC_COLLECTION_FACTS = facts


class TestInstall:
    def test_the_first_record_is_an_install(self, collection):
        report = collection.record()
        assert report.category == "Install"
        assert facts_of(report)["Acme Version"] == "1.0"
        assert Change.objects.get().changes["Acme Version"] == [None, "1.0"]

    def test_it_is_recorded_once(self, collection):
        collection.record()
        assert collection.record() is None
        assert collection.heartbeat() is None
        assert categories() == ["Install"]

    def test_each_fact_is_one_event_dated_to_the_hour(self, collection, clock):
        body = payload.decode(collection.record().body.encode())
        hour = int(clock().timestamp()) // 3600 * 3600
        assert body["idsite"] == 5
        for event in body["events"]:
            assert (event["value"], event["times"]) == (1, 1)
            assert event["period_start"] == event["period_end"] == hour

    def test_its_first_heartbeat_falls_on_a_random_moment_of_the_day(self, collection, clock):
        collection.record()
        assert Snapshot.objects.get().heartbeat_due == clock() + DAY / 2

    def test_a_heartbeat_that_finds_no_snapshot_reports_the_install(self, collection):
        assert collection.heartbeat().category == "Install"

    def test_of_two_processes_one_installs(self, clock):
        def rival() -> float:
            Collection(clock=clock).record()
            return 0.5

        assert Collection(clock=clock, random=rival).record() is None
        assert categories() == ["Install"]

    def test_a_no_in_the_same_moment_comes_first(self, clock):
        def operator() -> float:
            choose(Consent.Choice.DENIED, now=clock())
            return 0.5

        assert Collection(clock=clock, random=operator).record() is None
        assert not Report.objects.exists()
        assert not Snapshot.objects.exists()


class TestUpgrade:
    def test_a_higher_product_version_is_an_upgrade(self, settings, collection, installed):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        report = collection.record()
        assert report.category == "Upgrade"
        assert facts_of(report)["Acme Version"] == "1.1"
        assert Change.objects.last().changes == {"Acme Version": ["1.0", "1.1"]}

    def test_it_is_recorded_once(self, settings, collection, installed):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        collection.record()
        assert collection.record() is None
        assert categories() == ["Upgrade"]

    def test_a_platform_that_differs_is_an_upgrade(self, collection, installed):
        installed.advance(facts={**installed.facts, "kernel_version": "999.0"}, platforms={})
        assert collection.record().category == "Upgrade"

    def test_two_nodes_with_different_kernels_are_one_upgrade(
        self, settings, collection, installed, clock
    ):
        """The heartbeats come from whichever node's worker is first."""
        settings.METRIC_COLLECTION_PROBES = ["tests.reporting.test_collection.Kernel"]
        for day in range(30):
            clock.advance(DAY)
            Kernel.release = f"6.{day % 2}"
            collection.heartbeat()
        assert categories() == ["Heartbeat", "Upgrade"] + ["Heartbeat"] * 28

    def test_a_platform_that_was_unknown_before_is_no_upgrade(
        self, settings, collection, installed, clock
    ):
        settings.METRIC_COLLECTION_PROBES = ["tests.reporting.test_collection.Kernel"]
        clock.advance(DAY)
        collection.heartbeat()
        assert categories() == ["Heartbeat"]

    def test_a_platform_not_seen_for_a_month_is_new_again(
        self, settings, collection, installed, clock
    ):
        settings.METRIC_COLLECTION_PROBES = ["tests.reporting.test_collection.Kernel"]
        for release, days in [("6.0", 1), ("6.1", 1), ("6.0", 32)]:
            Kernel.release = release
            clock.advance(days * DAY)
            collection.heartbeat()
        assert categories() == ["Heartbeat", "Upgrade", "Upgrade"]

    def test_a_version_that_was_not_there_before_is_an_upgrade(self, collection, installed):
        facts = {name: v for name, v in installed.facts.items() if name != "Acme Version"}
        installed.advance(facts=facts)
        assert collection.record().category == "Upgrade"

    def test_a_downgrade_updates_the_snapshot_and_is_no_upgrade(
        self, settings, collection, installed
    ):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "0.9"
        assert collection.record() is None
        assert Snapshot.objects.get().facts["Acme Version"] == "0.9"
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.0"
        assert collection.record().category == "Upgrade"

    def test_a_removal_updates_the_snapshot_and_is_no_upgrade(
        self, settings, collection, installed
    ):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = None
        assert collection.record() is None
        assert "Acme Version" not in Snapshot.objects.get().facts

    def test_another_fact_that_changes_is_no_upgrade(self, settings, collection, installed):
        set_facts(settings, edition="enterprise")
        assert collection.record() is None
        assert Snapshot.objects.get().facts["edition"] == "enterprise"

    def test_a_version_that_cannot_be_imported_is_neither_sent_nor_forgotten(
        self, settings, collection, installed, clock
    ):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "acme_gone.__version__"
        clock.set(installed.heartbeat_due)
        assert "Acme Version" not in facts_of(collection.heartbeat())
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.0"
        assert collection.record() is None

    def test_it_leaves_the_heartbeat_where_it_was(self, settings, collection, installed):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        collection.record()
        assert Snapshot.objects.get().heartbeat_due == installed.heartbeat_due

    def test_a_heartbeat_reports_the_upgrade_that_it_finds(
        self, settings, collection, installed, clock
    ):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        clock.advance(DAY)
        assert collection.heartbeat().category == "Upgrade"
        assert collection.heartbeat() is None

    def test_of_two_processes_one_records_it(self, settings, clock, collection, installed):
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"

        def version() -> str:
            settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
            Collection(clock=clock).record()
            return "1.1"

        settings.METRIC_COLLECTION_PRODUCT_VERSION = version
        assert collection.record() is None
        assert categories() == ["Upgrade"]


@pytest.mark.parametrize(
    ("after", "before", "higher"),
    [
        ("1.10", "1.9", True),
        ("1.0", "1.0.dev1", True),
        ("1.0.dev1", "1.0", False),
        ("1.0", "1.0.0", False),
        ("2024.2-custom", "2024.1-custom", True),
        ("2024.1-custom", "2024.1-custom", False),
        ("2024.1-custom", "2024.2", False),
        ("9" * 5000, "2.4", True),
    ],
)
def test_versions_compare_by_pep_440_or_as_strings(after, before, higher):
    assert is_higher(after, before) is higher


class TestHeartbeat:
    def test_it_is_due_24_hours_after_the_last(self, collection, installed, clock):
        clock.set(installed.heartbeat_due)
        assert collection.heartbeat().category == "Heartbeat"
        clock.advance(DAY - timedelta(seconds=1))
        assert collection.heartbeat() is None
        clock.advance(seconds=1)
        assert collection.heartbeat().category == "Heartbeat"

    def test_under_an_hourly_cron_job_the_phase_is_kept_and_no_day_is_lost(
        self, collection, installed, clock
    ):
        due = installed.heartbeat_due
        clock.set(due - timedelta(minutes=30))
        made = []
        for _hour in range(24 * 10):
            if collection.heartbeat():
                made.append(clock())
            clock.advance(hours=1)
        assert [moment - due for moment in made] == [
            day * DAY + timedelta(minutes=30) for day in range(10)
        ]

    def test_two_are_at_least_23_hours_apart(self, collection, installed, clock):
        clock.set(installed.heartbeat_due + DAY / 2)
        collection.heartbeat()
        assert Snapshot.objects.get().heartbeat_due == clock() + timedelta(hours=23)

    def test_a_heartbeat_that_is_a_day_late_begins_a_new_phase(self, collection, installed, clock):
        clock.set(installed.heartbeat_due + DAY)
        collection.heartbeat()
        assert Snapshot.objects.get().heartbeat_due == clock() + DAY

    def test_restarts_every_hour_still_give_one_in_24_hours(self, collection, installed, clock):
        clock.set(installed.heartbeat_due)
        for _hour in range(24 * 5):
            collection.heartbeat()
            clock.advance(hours=1)
        assert categories() == ["Heartbeat"] * 5

    def test_a_clock_that_jumps_back_a_day_delays_it_by_no_more_than_a_day(
        self, collection, installed, clock
    ):
        clock.set(installed.heartbeat_due)
        collection.heartbeat()
        clock.advance(-DAY)
        assert collection.heartbeat() is None
        clock.advance(DAY)
        assert collection.heartbeat().category == "Heartbeat"

    def test_of_two_processes_one_records_it(self, settings, collection, installed, clock):
        clock.set(installed.heartbeat_due)

        def edition() -> str:
            set_facts(settings)
            Collection(clock=clock).heartbeat()
            return "community"

        set_facts(settings, edition=edition)
        assert collection.heartbeat() is None
        assert categories() == ["Heartbeat"]

    def test_a_no_in_the_same_moment_comes_first(self, settings, collection, installed, clock):
        clock.set(installed.heartbeat_due)
        set_facts(settings, edition=lambda: choose(Consent.Choice.DENIED, now=clock()))
        assert collection.heartbeat() is None
        assert not Report.objects.exists()

    def test_a_deleted_consent_row_does_not_prevent_it(self, collection, installed, clock):
        Consent.objects.all().delete()
        clock.set(installed.heartbeat_due)
        assert collection.heartbeat().category == "Heartbeat"

    def test_it_is_the_same_with_time_zones_off(self, settings, collection, installed, clock):
        settings.USE_TZ = False
        settings.TIME_ZONE = "America/New_York"
        clock.set(installed.heartbeat_due)
        assert collection.heartbeat().category == "Heartbeat"
        assert Snapshot.objects.get().heartbeat_due == clock() + DAY


class TestFirstReportOf:
    def test_an_install_says_nothing_and_the_first_heartbeat_everything(
        self, collection, installed, clock
    ):
        assert installed.reported_on is None
        clock.set(installed.heartbeat_due)
        assert facts_of(collection.heartbeat())["first_report_of"] == "day week month"
        assert Snapshot.objects.get().reported_on == clock().date()

    def test_an_upgrade_of_the_same_day_is_not_the_first_report(
        self, settings, collection, installed, clock
    ):
        Snapshot.objects.update(reported_on=clock().date())
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        assert facts_of(collection.record())["first_report_of"] == "nothing"

    def test_the_install_itself_says_nothing(self, collection):
        assert facts_of(collection.record())["first_report_of"] == "nothing"

    def test_it_is_no_part_of_the_snapshot_or_the_history(self, installed):
        assert "first_report_of" not in installed.facts
        assert "first_report_of" not in Change.objects.get().changes

    def test_a_report_that_is_not_wanted_does_not_count(
        self, settings, collection, installed, clock
    ):
        settings.METRIC_COLLECTION_CATEGORIES = ["Install", "Upgrade"]
        clock.advance(DAY)
        collection.heartbeat()
        assert Snapshot.objects.get().reported_on is None


def test_nothing_is_sealed_while_the_clock_is_wrong(settings, collection, clock, caplog):
    caplog.set_level("DEBUG", logger="metric_collection")
    settings.METRIC_COLLECTION_CAMPAIGNS = {"use": daily()}
    clock.set("1970-01-01T00:10:00Z")
    Measurement.objects.create(period_start=EPOCH, period_end=EPOCH, times=1, identity="")
    assert (collection.record(), collection.heartbeat(), collection.seal()) == (None, None, [])
    assert not Snapshot.objects.exists()
    assert "the clock is wrong, it shows 1970-01-01" in caplog.text


class TestCategories:
    """The publisher may want reports of some categories only."""

    @pytest.fixture
    def only(self, settings):
        def only(*categories):
            settings.METRIC_COLLECTION_CATEGORIES = categories

        return only

    def test_with_install_alone_nothing_is_gathered_afterwards(
        self, settings, only, collection, clock
    ):
        only("Install")
        assert collection.record().category == "Install"
        asked = []
        set_facts(settings, edition=lambda: asked.append(1))
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        clock.advance(DAY)
        assert (collection.record(), collection.heartbeat(), collection.preview()) == (
            None,
            None,
            None,
        )
        assert not asked
        assert categories() == ["Install"]

    def test_with_no_category_nothing_is_ever_gathered(self, only, collection):
        only()
        assert (collection.record(), collection.heartbeat(), collection.preview()) == (
            None,
            None,
            None,
        )
        assert not Snapshot.objects.exists()

    def test_an_unwanted_install_is_recorded_without_a_report(self, only, collection):
        only("Upgrade", "Heartbeat")
        assert collection.preview()[0] == "Heartbeat"
        assert collection.record() is None
        assert Change.objects.get().category == "Install"
        assert categories() == []

    def test_an_unwanted_upgrade_is_recorded_without_a_report(
        self, settings, only, collection, installed
    ):
        only("Install", "Heartbeat")
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        assert collection.preview()[0] == "Heartbeat"
        assert collection.record() is None
        assert Change.objects.last().changes == {"Acme Version": ["1.0", "1.1"]}
        assert Snapshot.objects.get().facts["Acme Version"] == "1.1"
        assert categories() == []

    def test_a_heartbeat_that_finds_one_is_a_heartbeat(
        self, settings, only, collection, installed, clock
    ):
        only("Heartbeat")
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        clock.advance(DAY)
        assert collection.heartbeat().category == "Heartbeat"
        assert Change.objects.last().category == "Upgrade"

    def test_without_heartbeats_upgrades_are_still_found_once_a_day(
        self, settings, only, collection, installed, clock
    ):
        only("Install", "Upgrade")
        clock.advance(DAY)
        assert (collection.preview(), collection.heartbeat()) == (None, None)
        assert Snapshot.objects.get().heartbeat_at is None
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.1"
        assert collection.heartbeat() is None
        clock.advance(DAY)
        assert collection.heartbeat().category == "Upgrade"


class TestConsent:
    @pytest.mark.parametrize("method", ["record", "heartbeat"])
    def test_nothing_is_gathered_after_a_no(self, settings, collection, clock, method):
        asked = []
        set_facts(settings, edition=lambda: asked.append(1))
        choose(Consent.Choice.DENIED, now=clock())
        assert getattr(collection, method)() is None
        assert not asked
        assert not Snapshot.objects.exists()

    def test_opt_in_gathers_nothing_before_a_yes(self, settings, collection, clock):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        assert collection.record() is None
        assert not Snapshot.objects.exists()
        choose(Consent.Choice.GRANTED, now=clock())
        assert collection.heartbeat().category == "Install"

    def test_in_opt_in_mode_new_facts_need_a_new_yes(self, settings, collection, clock):
        settings.METRIC_COLLECTION_CONSENT = "opt-in"
        choose(Consent.Choice.GRANTED, now=clock())
        set_facts(settings, edition="community")
        collection.record()
        disclose(now=clock())
        clock.advance(2 * DAY)
        assert "edition" not in facts_of(collection.heartbeat())
        choose(Consent.Choice.GRANTED, now=clock())
        clock.advance(DAY)
        assert facts_of(collection.heartbeat())["edition"] == "community"

    def test_a_declined_group_is_not_in_the_next_report_and_no_upgrade_when_accepted_again(
        self, settings, collection, clock
    ):
        settings.METRIC_COLLECTION_PROBES = ["tests.reporting.test_collection.Flaky"]
        Flaky.broken = False
        assert facts_of(collection.record())["flaky"] == "1"
        choose_group("flaky", Consent.Choice.DENIED)
        clock.advance(2 * DAY)
        assert "flaky" not in facts_of(collection.heartbeat())
        choose_group("flaky", Consent.Choice.GRANTED)
        clock.advance(DAY)
        heartbeat = collection.heartbeat()
        assert (heartbeat.category, facts_of(heartbeat)["flaky"]) == ("Heartbeat", "1")

    def test_versions_that_were_declined_before_the_install_are_no_upgrade_when_accepted(
        self, settings, collection, clock
    ):
        choose_group("product", Consent.Choice.DENIED)
        collection.record()
        choose_group("product", Consent.Choice.GRANTED)
        assert collection.preview()[0] == "Heartbeat"
        assert collection.record() is None
        settings.METRIC_COLLECTION_PRODUCT_VERSION = "2.0"
        assert collection.record().category == "Upgrade"
        assert Change.objects.last().changes == {"Acme Version": ["1.0", "2.0"]}

    def test_a_group_that_is_declined_while_the_install_is_gathered_is_not_sent(
        self, settings, collection
    ):
        def decline():
            choose_group("operating-system", Consent.Choice.DENIED)
            return "x"

        set_facts(settings, edition=decline)
        assert collection.record() is None
        assert "os_version" not in facts_of(collection.record())

    def test_a_report_for_which_all_facts_are_declined_is_not_sent(
        self, settings, collection, clock
    ):
        for group in groups():
            choose_group(group, Consent.Choice.DENIED)
        assert collection.record() is None
        assert not Report.objects.exists()

    def test_in_notice_mode_new_facts_are_held_back_until_announced(
        self, settings, collection, clock
    ):
        settings.METRIC_COLLECTION_CONSENT = "notice"
        choose(Consent.Choice.GRANTED, now=clock())
        set_facts(settings, edition="community")
        assert "edition" not in facts_of(collection.record())
        assert "edition" not in Snapshot.objects.get().facts
        disclose(now=clock())
        clock.advance(DAY)
        assert facts_of(collection.heartbeat())["edition"] == "community"


def test_a_failing_probe_is_not_a_removal(settings, collection, clock):
    settings.METRIC_COLLECTION_PROBES = ["tests.reporting.test_collection.Flaky"]
    Flaky.broken = False
    collection.record()
    Flaky.broken = True
    collection.record()
    assert Snapshot.objects.get().facts["flaky"] == "1"


def test_a_version_that_could_not_be_gathered_at_the_install_is_no_upgrade(settings, collection):
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "acme_gone.__version__"
    collection.record()
    settings.METRIC_COLLECTION_PRODUCT_VERSION = "1.0"
    assert collection.record() is None
    assert Snapshot.objects.get().facts["Acme Version"] == "1.0"


class Flaky:
    """A probe that can be broken."""

    facts = (Fact(name="flaky", description="d", example="1", purpose="p"),)
    broken = False

    def gather(self):
        if self.broken:
            raise RuntimeError
        return {"flaky": 1}


class Kernel:
    """The kernel of the node that is asked."""

    facts = (
        Fact(name="release", description="d", example="1", purpose="p", compared=Compared.VALUE),
    )
    release = "6.0"

    def gather(self):
        return {"release": self.release}


class TestPreview:
    def test_it_is_byte_for_byte_the_next_heartbeat(self, collection, installed, clock):
        category, body = collection.preview()
        clock.set(installed.heartbeat_due)
        report = collection.heartbeat()
        assert (category, body) == (report.category, report.body.encode())

    def test_it_records_nothing(self, collection):
        assert collection.preview()[0] == "Install"
        assert not Snapshot.objects.exists()
        assert not Report.objects.exists()

    def test_it_shows_what_would_be_sent_where_no_collector_is_set(self, settings, collection):
        settings.METRIC_COLLECTION_SITE_ID = None
        assert payload.decode(collection.preview()[1])["idsite"] == 1


class TestUsage:
    @pytest.fixture(autouse=True)
    def measured(self, settings, clock):
        settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "export": daily(title="Export")}
        start = clock().replace(hour=0, minute=0, second=0)
        for campaign_id in ("search", "export", "gone"):
            Measurement.of(
                Event(
                    category="Search",
                    action="Open",
                    times=3,
                    campaign_id=campaign_id,
                    period_start=start,
                    period_end=start + DAY,
                )
            ).save()

    def test_nothing_is_sealed_before_the_end_of_its_period(self, collection):
        assert collection.seal() == []
        assert Measurement.objects.count() == 3

    def test_a_finished_period_becomes_one_report_for_each_campaign(self, collection, clock):
        clock.advance(DAY)
        reports = collection.seal()
        assert [report.campaign_id for report in reports] == ["export", "search"]
        body = payload.decode(reports[0].body.encode())
        assert [(event["action"], event["times"]) for event in body["events"]] == [("Open", 3)]
        assert categories() == ["Usage", "Usage"]
        assert collection.seal() == []

    def test_a_campaign_that_is_no_longer_declared_is_kept_until_it_is_too_old(
        self, collection, clock
    ):
        clock.advance(DAY)
        collection.seal()
        assert Measurement.objects.get().campaign_id == "gone"
        clock.advance(timedelta(days=101))
        collection.seal()
        assert not Measurement.objects.exists()

    def test_what_is_too_old_is_not_sealed(self, collection, clock):
        clock.advance(timedelta(days=102))
        assert collection.seal() == []
        assert not Measurement.objects.exists()

    def test_nothing_is_sealed_if_nothing_may_be_sent(self, settings, collection, clock):
        clock.advance(DAY)
        settings.METRIC_COLLECTION = False
        assert collection.seal() == []
        assert Measurement.objects.count() == 3
