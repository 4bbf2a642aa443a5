from __future__ import annotations

import errno
import io
import json
import re
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import CommandError, call_command

from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights import payload
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.cleaninsights.exceptions import PayloadError
from metric_collection.consent.choice import groups
from metric_collection.management.commands import metric_collection as command
from metric_collection.models import CampaignConsent, Consent, Report
from metric_collection.models import measurement as measurements
from metric_collection.outbox import enqueue
from metric_collection.probes import Unknown
from metric_collection.reporting.collection import Collection
from tests.campaigns import daily

pytestmark = pytest.mark.django_db


def run(*args, **options) -> str:
    out = io.StringIO()
    call_command("metric_collection", *args, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def search(settings):
    """Declare a campaign that is running; return what counts for it."""
    running = daily(end="2099-01-01T00:00:00Z")
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": running}
    campaign = campaigns()["search"].campaign

    def count(**values):
        period = campaign.current_period(utc_now())
        place = {"period_start": period.start, "period_end": period.end, "campaign_id": "search"}
        event = Event(category="Search", action="Run", **place, **values)
        measurements.count([(campaign, event)])

    return count


class Received(list):
    """The bodies that a collector has received; it answers `status`, and each of `first` before that."""

    def __init__(self):
        self.keys = []
        self.first = []
        self.status = 204


@pytest.fixture
def collector(settings):
    """A collector on loopback that answers as CIMP does."""
    bodies = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                found = payload.decode(body)
                self.send_response(bodies.first.pop(0) if bodies.first else bodies.status)
                bodies.append(found)
                bodies.keys.append(self.headers["Idempotency-Key"])
            except PayloadError:
                self.send_response(400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        settings.METRIC_COLLECTION_COLLECTOR_URL = f"http://127.0.0.1:{server.server_port}/ci.php"
        yield bodies
        server.shutdown()
        thread.join()


class TestStatus:
    def test_on_exits_with_0_and_names_the_rule(self):
        assert run("status").startswith("On, which is the default.")

    def test_off_exits_with_3(self, clock):
        out = io.StringIO()
        run("opt-out")
        with pytest.raises(SystemExit) as ended:
            call_command("metric_collection", "status", stdout=out)
        assert ended.value.code == 3
        assert out.getvalue().startswith("Off, because a superuser has declined.")

    def test_as_json(self):
        Collection().record()
        told = json.loads(run("status", "--json"))
        assert told["on"] is True
        assert told["rule"] == "opt-out"
        assert told["queued"] == 1
        assert told["last_heartbeat"] is None
        assert told["next_heartbeat"].endswith("Z")
        assert told["last_report"] is None

    def test_it_shows_the_queue_and_the_last_outcome(self, collector):
        assert re.search("Last report: +none yet", run("status"))
        Collection().record()
        assert re.search(r"Queue: +Queued reports: 1\. Next attempt: ", run("status"))
        run("send")
        told = run("status")
        assert re.search(r"Queue: +No report is queued\.", told)
        assert re.search(r"Last report: .* Install delivered\n", told)
        assert re.search(r"Recipient: +127\.0\.0\.1:\d+\n", told)

    def test_reports_that_nothing_delivers_exit_with_4(self):
        Collection(clock=lambda: utc_now() - timedelta(days=3)).record()
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("metric_collection", "status", stdout=out)
        assert ended.value.code == 4
        assert "No delivery has been attempted since" in out.getvalue()

    def test_the_recipient_is_named_without_credentials(self, settings):
        settings.METRIC_COLLECTION_COLLECTOR_URL = "https://me:secret@metrics.example.org/ci.php"
        assert json.loads(run("status", "--json"))["recipient"] == "metrics.example.org"
        assert "secret" not in run("status") + run("status", "--json")

    @pytest.mark.parametrize("mode", ["notice", "opt-in"])
    def test_new_facts_that_consent_does_not_cover_are_listed(self, settings, mode):
        settings.METRIC_COLLECTION_CONSENT = mode
        run("opt-in")
        assert "Held back" not in run("status")
        settings.METRIC_COLLECTION_FACTS = {"Edition": "pro"}
        assert re.search(r"Held back: +Edition \(new", run("status"))
        assert json.loads(run("status", "--json"))["held_back"] == ["Edition"]

    def test_declined_groups_are_listed(self):
        run("opt-out", "--group", "operating-system")
        assert re.search("Declined groups: +operating-system", run("status"))


def test_preview_prints_the_exact_bytes_and_nothing_else():
    assert run("preview").removesuffix("\n").encode() == Collection().preview()[1]


def test_on_a_terminal_preview_says_which_facts_are_not_known_here_and_why(settings):
    lost = Unknown("the time zone has no single country")
    settings.METRIC_COLLECTION_FACTS = {"country": lambda: lost}
    out = Terminal()
    call_command("metric_collection", "preview", stdout=out)
    assert "Not known here: country (the time zone has no single country)\n" in out.getvalue()


def test_on_a_terminal_preview_is_a_table_and_json_the_exact_bytes():
    out, exact = Terminal(), Terminal()
    call_command("metric_collection", "preview", stdout=out)
    assert "The next report, Install, goes to 127.0.0.1:9." in out.getvalue()
    assert re.search("^Acme Version +1.0$", out.getvalue(), re.MULTILINE)
    call_command("metric_collection", "preview", "--json", stdout=exact)
    assert exact.getvalue().removesuffix("\n").encode() == Collection().preview()[1]


def test_the_reports_of_campaigns_can_be_previewed_byte_for_byte(search):
    out, err = io.StringIO(), io.StringIO()
    call_command("metric_collection", "preview", "--campaigns", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == (
        "",
        "No campaign has counted anything that was not sent.\n",
    )
    search(times=3)
    (line,) = run("preview", "--campaigns").splitlines()
    (event,) = payload.decode(line.encode())["events"]
    assert (event["action"], event["times"]) == ("Run", 3)


def test_where_no_report_is_planned_preview_and_status_say_so(settings):
    Collection().record()
    settings.METRIC_COLLECTION_CATEGORIES = ["Install"]
    out, err = io.StringIO(), io.StringIO()
    call_command("metric_collection", "preview", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == (
        "",
        "No report is planned: METRIC_COLLECTION_CATEGORIES is ['Install'].\n",
    )
    assert re.search("Next heartbeat: +not planned", run("status"))


def test_where_all_groups_are_declined_preview_says_so():
    for group in groups():
        run("opt-out", "--group", group)
    out, err = io.StringIO(), io.StringIO()
    call_command("metric_collection", "preview", "--json", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == (
        "null\n",
        "No report is planned: all groups of facts are declined.\n",
    )


def test_where_there_is_no_fact_to_send_preview_says_so(settings):
    settings.METRIC_COLLECTION_SELECTION = []
    out, err = io.StringIO(), io.StringIO()
    call_command("metric_collection", "preview", stdout=out, stderr=err)
    assert err.getvalue() == "No report is planned: there is no fact to send.\n"


class TestDictionary:
    def test_it_is_a_page_with_the_values_of_this_machine(self):
        assert run("dictionary").startswith(
            "Usage metrics of Acme\n=====================\n\nAcme sends"
        )
        assert "   * - ``Acme Version``" in run("dictionary", "--format", "rst")
        assert "| `Acme Version` |" in run("dictionary", "--format", "markdown")
        assert "On this machine: On" in run("dictionary")

    def test_on_a_terminal_it_is_a_table(self):
        out = Terminal()
        call_command("metric_collection", "dictionary", stdout=out)
        assert re.search("^Fact +Description", out.getvalue(), re.MULTILINE)

    def test_it_can_be_had_without_a_look_at_this_machine(self):
        assert "On this machine" not in run("dictionary", "--static")

    def test_as_json(self):
        assert run("dictionary", "--json") == run("dictionary", "--format", "json")
        assert json.loads(run("dictionary", "--json"))["facts"][0]["example"] == "1.0"


class TestChoice:
    def test_opt_out_and_back(self):
        assert run("opt-out").startswith("Off")
        assert Consent.objects.get().choice == "denied"
        assert run("opt-in").startswith("On")
        assert Consent.objects.get().choice == "granted"

    def test_an_opt_out_shows_how_much_was_deleted(self):
        Collection().record()
        assert run("opt-out").splitlines() == [
            "Off, because a superuser has declined.",
            "1 unsent report was deleted.",
        ]
        assert run("opt-out").endswith("There were no unsent reports.\n")

    def test_a_repeated_opt_out_deletes_what_a_restored_database_brought_back(self):
        Collection().record()
        Consent.objects.update(choice="denied")
        assert run("opt-out").endswith("1 unsent report was deleted.\n")
        assert run("reports").endswith("No report.\n")

    def test_an_opt_out_that_is_reported_says_so(self, settings):
        settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
        Collection().record()
        assert run("opt-out").splitlines()[1:] == [
            "1 unsent report was deleted.",
            "One last event reports the opt-out.",
        ]

    def test_as_json(self):
        assert json.loads(run("opt-in", "--json")) == {
            "result": ["On, because a superuser has agreed."]
        }

    def test_a_choice_that_has_no_effect_yet_is_said_to_be_saved(self, settings):
        settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
        settings.DEBUG = True
        assert run("opt-in").splitlines() == [
            "Off, because the Django setting DEBUG is on.",
            "Your choice takes effect once this reason no longer applies.",
        ]

    def test_a_wrong_setting_does_not_stop_an_opt_out(self, settings):
        settings.METRIC_COLLECTION_TIMEOUT = "10"
        command.Command(stdout=io.StringIO()).run_from_argv(["", "metric_collection", "opt-out"])
        assert Consent.objects.get().choice == "denied"

    def test_the_alias_does_the_same(self):
        for option, choice in (("--opt_out", "denied"), ("--opt_in", "granted")):
            call_command("opt_in_out", option, stdout=io.StringIO())
            assert Consent.objects.get().choice == choice

    def test_a_locked_switch_cannot_be_opted_in(self, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "False")
        with pytest.raises(CommandError, match="METRIC_COLLECTION=False"):
            run("opt-in")
        assert not Consent.objects.exists()

    def test_a_no_is_kept_even_where_the_switch_is_locked(self, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "False")
        run("opt-out")
        assert Consent.objects.get().choice == "denied"


class TestGroups:
    def test_a_group_can_be_declined_and_accepted(self):
        assert "The group is off." in run("opt-out", "--group", "installation")
        assert Consent.objects.get().declined_groups == ["installation"]
        assert "Installation Method" not in run("preview")
        assert "this group of facts was declined" in run("dictionary")
        assert "The group is on" in run("opt-in", "--group", "installation")
        assert Consent.objects.get().declined_groups == []

    def test_an_unknown_one_is_quoted_and_the_known_ones_are_named(self):
        with pytest.raises(CommandError, match=r"no group 'x'.*: product, .*first-report\."):
            run("opt-out", "--group", "x")


class TestCampaigns:
    def test_a_campaign_can_be_declined_and_agreed_to_alone(self, search):
        assert run("opt-out", "--campaign", "search") == (
            "Off: a superuser has declined this campaign.\nThere were no unsent reports.\n"
        )
        assert "On. You will be asked again on" in run("opt-in", "--campaign", "search")
        assert CampaignConsent.objects.get().choice == "granted"
        assert Consent.objects.get().choice == "unknown"

    @pytest.mark.parametrize("action", ["opt-in", "opt-out"])
    def test_an_unknown_one_is_quoted_and_the_known_ones_are_named(self, action, search, settings):
        with pytest.raises(CommandError, match=r"no campaign 'x'.*: search\."):
            run(action, "--campaign", "x")
        settings.METRIC_COLLECTION_CAMPAIGNS = {}
        with pytest.raises(CommandError, match=r"There are: none\."):
            run(action, "--campaign", "x")
        assert not CampaignConsent.objects.exists()

    def test_none_can_be_agreed_to_below_a_main_switch_that_is_off(self, search):
        run("opt-out")
        with pytest.raises(CommandError, match=r"has declined\. Change that first"):
            run("opt-in", "--campaign", "search")
        assert not CampaignConsent.objects.exists()

    def test_a_no_is_kept_even_there(self, search):
        run("opt-out")
        run("opt-out", "--campaign", "search")
        assert CampaignConsent.objects.get().choice == "denied"

    @pytest.mark.parametrize(
        "changes", [{"numberOfPeriods": 0}, {"aggregationPeriodLength": 40_000}]
    )
    def test_a_yes_for_which_no_whole_period_is_left_says_so(self, settings, changes):
        declared = daily(end="2099-01-01T00:00:00Z", **changes)
        settings.METRIC_COLLECTION_CAMPAIGNS = {"search": declared}
        said = "Off: no whole period is left before the campaign ends."
        assert run("opt-in", "--campaign", "search") == f"{said}\n"
        assert said in run("status")

    def test_status_shows_the_state_of_each_campaign(self, search):
        search(times=3)
        assert re.search("^Campaign search: +On by default. You will", run("status"), re.MULTILINE)
        assert run("status").endswith("Counted: 3\n")
        (told,) = json.loads(run("status", "--json"))["campaigns"]
        assert (told["id"], told["situation"], told["choice"], told["counted"]) == (
            "search",
            "silent",
            "unknown",
            3,
        )
        assert told["ends"] == "2099-01-01T00:00:00Z"
        assert told["window"]["until"].endswith("T00:00:00Z")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestConsent:
    @pytest.mark.parametrize(
        ("answer", "choice"),
        [("y", "granted"), ("Yes", "granted"), ("n", "denied"), ("NO", "denied")],
    )
    def test_an_answer_is_kept(self, monkeypatch, answer, choice):
        monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
        run("consent")
        assert Consent.objects.get().choice == choice

    @pytest.mark.parametrize("answer", ["\n", "x\n", ""])
    def test_no_answer_changes_nothing(self, monkeypatch, answer):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        assert "Nothing was changed." in run("consent")
        assert not Consent.objects.exists()

    def test_no_terminal_changes_nothing(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        assert "Nothing was changed." in run("consent")
        assert not Consent.objects.exists()

    def test_the_notice_names_every_fact(self, settings, monkeypatch):
        settings.METRIC_COLLECTION_LEARN_MORE_URL = "https://example.org/metrics"
        monkeypatch.setattr("sys.stdin", io.StringIO())
        shown = run("consent")
        assert "Acme can share" in shown
        assert "kernel_version: " in shown
        assert "https://example.org/metrics" in shown


def test_in_opt_in_mode_one_yes_covers_the_campaigns_that_the_question_lists(
    settings, search, monkeypatch
):
    settings.METRIC_COLLECTION_CONSENT = "opt-in"
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert "  Search: To know whether search is used." in run("consent")
    assert re.search("Campaign search: +On by default", run("status"))


class TestSending:
    def test_a_heartbeat_from_cron_records_and_delivers(self, collector):
        assert re.search(r"Install +delivered$", run("heartbeat"), re.MULTILINE)
        assert {event["category"] for event in collector[0]["events"]} == {"Install"}

    @pytest.mark.parametrize("action", ["heartbeat", "send"])
    def test_it_can_be_quiet(self, collector, action):
        assert run(action, verbosity=0) == ""

    def test_nothing_due_is_said(self):
        assert "No report." in run("send")

    def test_off_sends_nothing_and_says_why(self, collector, monkeypatch):
        monkeypatch.setenv("DO_NOT_TRACK", "1")
        assert "DO_NOT_TRACK=1" in run("heartbeat")
        assert collector == []

    def test_as_json(self, collector):
        (told,) = json.loads(run("heartbeat", "--json"))
        assert json.loads(told["body"]) == collector[0]
        assert told["state"] == "delivered"

    def test_reports_lists_sent_reports(self, collector):
        run("heartbeat")
        header, _rule, line = run("reports").splitlines()
        assert header.split() == ["Sealed", "Report", "Outcome"]
        assert line.endswith("Install  delivered")
        assert json.loads(run("reports", "--json"))[0]["status"] == 204


class FullDisk(io.StringIO):
    """A buffered output that fails when it is flushed."""

    def flush(self):
        raise OSError(errno.ENOSPC, "No space left on device")


class TestExport:
    def test_each_line_is_a_report_with_its_key(self, tmp_path):
        sealed = Collection().record()
        file = tmp_path / "metrics.jsonl"
        run("export", str(file))
        (line,) = map(json.loads, file.read_text().splitlines())
        assert line == {"key": str(sealed.key), "body": json.loads(sealed.body)}
        assert Report.objects.get().state == "exported"

    def test_bare_lines_are_the_exact_bodies(self):
        sealed = Collection().record()
        assert run("export", "--bare", "-") == sealed.body + "\n"

    @pytest.mark.parametrize(
        ("count", "said"), [(0, "0 reports"), (1, "1 report"), (2, "2 reports")]
    )
    def test_the_number_of_reports_is_shown(self, count, said, clock):
        for _ in range(count):
            enqueue(b"{}", category="Heartbeat", now=clock())
        err = io.StringIO()
        call_command("metric_collection", "export", "-", stdout=io.StringIO(), stderr=err)
        assert err.getvalue() == f"{said} exported.\n"

    def test_as_json(self, tmp_path):
        Collection().record()
        assert json.loads(run("export", str(tmp_path / "a.jsonl"), "--json")) == {"exported": 1}

    @pytest.mark.django_db(transaction=True)
    def test_a_file_that_is_there_is_not_overwritten(self, tmp_path):
        Collection().record()
        file = tmp_path / "metrics.jsonl"
        file.write_text("precious")
        with pytest.raises(CommandError, match="Nothing was exported"):
            run("export", str(file))
        assert file.read_text() == "precious"
        assert Report.objects.get().state == "queued"

    @pytest.mark.django_db(transaction=True)
    def test_reports_that_cannot_be_printed_stay_queued(self):
        Collection().record()
        with pytest.raises(CommandError, match=r"No space left on device\. Nothing was exported"):
            call_command("metric_collection", "export", "-", stdout=FullDisk())
        assert Report.objects.get().state == "queued"

    @pytest.mark.django_db(transaction=True)
    def test_without_a_standard_output_nothing_is_exported(self, monkeypatch):
        Collection().record()
        monkeypatch.setattr("sys.stdout", None)  # as Python does if it is closed
        with pytest.raises(CommandError, match=r"output is closed\. Nothing was exported"):
            call_command("metric_collection", "export", "-")
        assert Report.objects.get().state == "queued"

    def test_nothing_is_exported_after_a_no(self, tmp_path):
        run("opt-out")
        with pytest.raises(CommandError, match="Nothing may leave"):
            run("export", str(tmp_path / "x"))


KEY = "0d3c1f4e-8a53-4f0e-9c55-0b8f8f2f6d11"


class TestSendingAFile:
    @pytest.fixture
    def file(self, tmp_path):
        """A file that another machine has exported; its report is forgotten here."""
        Collection().record()
        file = tmp_path / "metrics.jsonl"
        run("export", str(file))
        return file

    def test_its_reports_are_posted_byte_for_byte_with_their_keys(self, file, collector):
        sealed = Report.objects.get()
        assert run("send", "--from", str(file)) == "1 report sent.\n"
        assert json.dumps(collector[0], separators=(",", ":")) == sealed.body
        assert collector.keys == [str(sealed.key)]

    def test_an_operators_opt_out_here_is_not_about_the_other_machine(self, file, collector):
        run("opt-out")
        assert run("send", "--from", str(file), "--json") == '{\n  "sent": 1\n}\n'

    def test_nothing_is_sent_while_switched_off(self, file, collector, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "False")
        with pytest.raises(CommandError, match="Nothing may leave"):
            run("send", "--from", str(file))
        assert collector == []

    def test_without_a_collector_nothing_is_sent(self, file, settings):
        settings.METRIC_COLLECTION_COLLECTOR_URL = None
        with pytest.raises(CommandError, match="COLLECTOR_URL is not set"):
            run("send", "--from", str(file))

    def test_a_server_that_is_not_there_is_named_with_the_line(self, file):
        with pytest.raises(CommandError, match=r"line 1: .*127\.0\.0\.1:9.* Sent before it: 0"):
            run("send", "--from", str(file))

    def test_a_refusal_by_the_server_is_shown(self, file, collector):
        collector.status = 503
        with pytest.raises(CommandError, match="line 1: the collector answered 503"):
            run("send", "--from", str(file))

    def test_a_report_that_is_refused_does_not_block_the_others(self, file, collector):
        with file.open("a") as more:
            more.write(f'{{"key": "{KEY}", "body": {{"idsite": 5}}}}\n' * 3)
        collector.first = [400, 204, 413]
        with pytest.raises(CommandError, match=r"line 1 \(400\), line 3 \(413\).* Sent: 2"):
            run("send", "--from", str(file))
        assert len(collector) == 4

    def test_reports_that_were_refused_are_not_counted_as_sent(self, file, collector):
        file.write_text(file.read_text() * 3)
        collector.first = [204, 400, 429]
        with pytest.raises(CommandError, match=r"line 3: .*answered 429\. Sent before it: 1"):
            run("send", "--from", str(file))

    @pytest.mark.parametrize(
        "line",
        [
            "",
            "{}",
            "x",
            "[]",
            "[" * 100_000,
            f'{{"key": "{KEY}", "body": {{"idsite": "5"}}}}',
            f'{{"key": "{KEY}", "body": "{"x" * 10_000}"}}',
            '{"key": null, "body": {"idsite": 5}}',
            '{"key": "", "body": {"idsite": 5}}',
            '{"key": "\u20ac", "body": {"idsite": 5}}',
        ],
    )
    def test_a_line_that_is_no_report_is_quoted_and_nothing_is_sent(self, file, collector, line):
        file.write_text(f"{file.read_text()}{line}\n", encoding="utf-8")
        quoted = re.escape(repr(line)[:12])
        expected = rf"metrics\.jsonl, line 2: {quoted}.* Nothing was sent"
        with pytest.raises(CommandError, match=expected) as raised:
            run("send", "--from", str(file))
        assert len(str(raised.value)) < 1000
        assert collector == []

    def test_a_file_in_utf_16_is_named(self, file, collector):
        file.write_text(file.read_text(), encoding="utf-16")
        with pytest.raises(
            CommandError, match=r"metrics\.jsonl is not in UTF-8.* Nothing was sent"
        ):
            run("send", "--from", str(file))

    def test_a_byte_order_mark_is_skipped(self, file, collector):
        file.write_text(file.read_text(), encoding="utf-8-sig")
        assert run("send", "--from", str(file)) == "1 report sent.\n"

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(CommandError, match="nowhere"):
            run("send", "--from", str(tmp_path / "nowhere"))


def test_doctor_exits_with_0_if_everything_is_ready(collector):
    run("heartbeat")
    assert run("doctor").endswith("Everything is ready: reports will be sent.\n")


class TestServer:
    def test_an_endpoint_is_recognised(self, collector):
        assert "is a Clean Insights endpoint" in run("test-server")
        assert json.loads(run("test-server", "--json")) == {"reachable": True}

    def test_a_server_that_is_not_there_is_named(self):
        with pytest.raises(CommandError, match=r"127\.0\.0\.1:9"):
            run("test-server")

    def test_a_missing_setting_is_named(self, settings):
        del settings.METRIC_COLLECTION_COLLECTOR_URL
        with pytest.raises(CommandError, match="METRIC_COLLECTION_COLLECTOR_URL"):
            run("test-server")

    def test_after_an_opt_out_no_request_is_made(self, collector):
        run("opt-out")
        with pytest.raises(CommandError, match="No request was made"):
            run("test-server")

    @pytest.mark.parametrize("mode", ["opt-in", "notice"])
    def test_before_consent_no_request_is_made(self, collector, settings, mode):
        settings.METRIC_COLLECTION_CONSENT = mode
        with pytest.raises(CommandError, match="No request was made"):
            run("test-server")
        assert collector == []

    def test_a_failure_under_json_is_json(self):
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("metric_collection", "test-server", "--json", stdout=out)
        assert ended.value.code == 1
        assert "127.0.0.1:9" in json.loads(out.getvalue())["error"]

    def test_switched_off_no_request_is_made(self, collector, monkeypatch):
        monkeypatch.setenv("METRIC_COLLECTION", "no")
        with pytest.raises(CommandError, match="No request was made"):
            run("test-server")


@pytest.mark.django_db(transaction=True)
def test_without_tables_the_command_advises_to_migrate():
    call_command("migrate", "usage_metrics", "zero", verbosity=0)
    try:
        with pytest.raises(CommandError, match=r"Run manage\.py migrate"):
            run("status")
    finally:
        call_command("migrate", "usage_metrics", verbosity=0)


@pytest.mark.parametrize(
    "arguments",
    [
        ("reports", "-v", "0", "--no-color", "--traceback"),
        ("-v", "0", "reports"),
        ("reports", "-v0"),
    ],
)
def test_djangos_own_options_stand_before_or_after_the_action(arguments):
    parser = command.Command().create_parser("manage.py", "metric_collection")
    assert parser.parse_args(arguments).verbosity == 0
    options = ("--settings", "tests.settings", "--pythonpath", ".", "--force-color")
    assert parser.parse_args([*arguments, *options]).settings == "tests.settings"


def test_every_action_has_a_summary_and_a_method():
    assert all(hasattr(command.Command, name.replace("-", "_")) for name in command.ACTIONS)
