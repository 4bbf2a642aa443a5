from __future__ import annotations

import json
import math
import re
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metric_collection import receivers
from metric_collection.campaigns import campaigns
from metric_collection.cleaninsights.clock import utc_now
from metric_collection.cleaninsights.datapoints import Event
from metric_collection.consent.choice import choose, choose_group
from metric_collection.measuring.meter import meter
from metric_collection.models import CampaignConsent, Change, Consent, Measurement, Report, Snapshot
from metric_collection.models import measurement as measurements
from metric_collection.outbox import enqueue
from metric_collection.reporting.collection import Collection
from metric_collection.reporting.flushing import Flusher
from metric_collection.system_info.campaigns import next_body
from tests.campaigns import daily

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
KEY = uuid.UUID(int=5)
PAGE = reverse("admin:usage_metrics_system_info")
CAMPAIGNS = reverse("admin:usage_metrics_campaigns")
GROUPS = reverse("admin:usage_metrics_groups")
SEND = reverse("admin:usage_metrics_send")
SWITCHES = {
    PAGE: {"choice": "off"},
    CAMPAIGNS: {"choice": "off", "campaign": "search"},
    GROUPS: {"choice": "off", "group": "product"},
}
READ_ONLY = [
    reverse("admin:usage_metrics_reports"),
    reverse("admin:usage_metrics_reports_download"),
    reverse("admin:usage_metrics_report", args=[KEY]),
    reverse("admin:usage_metrics_next_report"),
    reverse("admin:usage_metrics_system"),
]
URLS = [*SWITCHES, *READ_ONLY]
PEOPLE = ["anonymous", "staff", "viewer", "superuser"]
LOOKING = ["GET", "HEAD"]
CHANGING = ["POST", "PUT", "PATCH", "DELETE"]
RUNNING = daily(start="2026-01-01T00:00:00Z", end="2099-01-01T00:00:00Z")
NASTY = 'a & b <c> "é"'
QUOTED = "“&lt;b&gt;maybe&lt;/b&gt;” is not a valid choice. Choose on or off."


@pytest.fixture
def report():
    return Report.objects.create(
        key=KEY,
        category="Heartbeat",
        body='{"idsite":5}',
        state=Report.State.DELIVERED,
        status=204,
        outcome="accepted",
        sealed_at=NOON,
        settled_at=NOON,
    )


@pytest.fixture(autouse=True)
def never_flushed(monkeypatch):
    """Let no request count what was measured: when that is due is a matter of the clock."""
    monkeypatch.setattr(receivers, "flusher", Flusher(meter, monotonic=lambda: math.nan))


@pytest.fixture
def search(settings):
    """A campaign that is running."""
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": RUNNING}


@pytest.fixture
def log_in(client):
    """Log one of PEOPLE in; return the client."""

    def log_in(person):
        if person != "anonymous":
            user = get_user_model().objects.create_user(person, is_staff=True)
            user.is_superuser = person == "superuser"
            user.save()
            if person == "viewer":
                user.user_permissions.add(Permission.objects.get(codename="view_consent"))
            client.force_login(user)
        return client

    return log_in


@pytest.fixture
def superuser(log_in):
    return log_in("superuser")


@pytest.fixture
def viewer(log_in):
    return log_in("viewer")


def text(response):
    """The words of a page, without markup and with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def fail_to_log(execute, sql, *arguments):
    """Stand between Django and a database that cannot take the admin log."""
    if sql.startswith('INSERT INTO "django_admin_log"'):
        raise DatabaseError("disk full")
    return execute(sql, *arguments)


def rows():
    models = [Consent, CampaignConsent, Snapshot, Change, Report, Measurement, LogEntry]
    return [list(model.objects.order_by("pk").values()) for model in models]


def answer(person, url, method):
    """The status that `person` is to get."""
    if person == "anonymous":
        return 302
    if method not in LOOKING and (url not in SWITCHES or method != "POST"):
        return 405
    if person == "staff":
        return 403
    if method == "POST":
        return 302 if person == "superuser" else 403
    return 302 if url == GROUPS else 200


@pytest.mark.parametrize("method", [*LOOKING, *CHANGING, "OPTIONS"])
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("person", PEOPLE)
def test_every_url_answers_every_role_and_method(person, url, method, log_in, report, search):
    client, before = log_in(person), rows()
    data = SWITCHES.get(url, {}) if method == "POST" else ""
    response = getattr(client, method.lower())(url, data)
    assert response.status_code == answer(person, url, method)
    may_switch = person == "superuser" and url in SWITCHES and method == "POST"
    assert (rows() != before) is may_switch


@pytest.mark.parametrize("url", URLS)
def test_strangers_are_asked_to_log_in_and_brought_back(url, client):
    assert client.get(url).url == f"{reverse('admin:login')}?next={quote(url)}"


@pytest.mark.parametrize("person", ["anonymous", "viewer", "superuser"])
@pytest.mark.parametrize("url", URLS)
def test_no_answer_may_be_stored(url, person, log_in, report):
    assert "no-store" in log_in(person).get(url)["Cache-Control"]


@pytest.mark.parametrize("action", ["add/", "1/change/", "1/delete/", "1/history/", "1/"])
def test_the_row_itself_cannot_be_edited(action, superuser, clock):
    choose(Consent.Choice.GRANTED, now=clock())
    assert superuser.get(f"{PAGE}{action}").status_code == 404


@pytest.mark.parametrize("url", SWITCHES)
def test_a_post_without_token_is_refused(url, superuser, search):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = superuser.cookies
    before = rows()
    assert strict.post(url, SWITCHES[url]).status_code == 403
    assert rows() == before


def test_a_post_with_the_token_of_the_page_is_accepted(superuser):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = superuser.cookies
    token = re.search('csrfmiddlewaretoken" value="(.+?)"', strict.get(PAGE).content.decode())[1]
    strict.post(PAGE, {"choice": "off", "csrfmiddlewaretoken": token})
    assert Consent.objects.get().choice == Consent.Choice.DENIED


def test_the_name_that_the_index_links_to_is_the_page():
    assert reverse("admin:usage_metrics_consent_changelist") == PAGE


@pytest.mark.parametrize(("person", "linked"), [("staff", False), ("viewer", True)])
def test_the_index_links_to_the_page_for_whoever_may_view_it(person, linked, log_in):
    link = f'<a href="{PAGE}" class="viewlink"'
    assert (link in log_in(person).get(reverse("admin:index")).content.decode()) is linked


def test_the_switch_redirects_to_the_page_with_a_message(superuser):
    response = superuser.post(PAGE, {"choice": "off"}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "Usage metrics are off." in text(response)
    assert "Off, because a superuser has declined." in text(response)


def test_the_pressed_button_is_the_choice(superuser, clock):
    choose(Consent.Choice.DENIED, now=clock())
    page = superuser.get(PAGE).content.decode()
    assert '<button class="button" name="choice" value="on" aria-pressed="false">On<' in page
    assert '<button class="button" name="choice" value="off" aria-pressed="true">Off<' in page


def test_switching_off_deletes_unsent_reports(superuser, clock):
    Collection(clock=clock).record()
    superuser.post(PAGE, {"choice": "off"})
    assert not Report.objects.exists()


def test_every_answer_is_in_the_admin_log(superuser):
    for choice in ["off", "off", "on"]:
        superuser.post(PAGE, {"choice": choice})
    entries = LogEntry.objects.order_by("pk")
    assert [entry.change_message for entry in entries] == [
        "Usage metrics: from unknown to denied",
        "Usage metrics: denied again",
        "Usage metrics: from denied to granted",
    ]
    assert {entry.user.get_username() for entry in entries} == {"superuser"}
    assert {entry.content_type.model_class() for entry in entries} == {Consent}
    assert all(entry.is_change() for entry in entries)


def test_a_change_that_cannot_be_logged_is_not_made(superuser):
    with connection.execute_wrapper(fail_to_log), pytest.raises(DatabaseError):
        superuser.post(PAGE, {"choice": "off"})
    assert Consent.objects.current().choice == Consent.Choice.UNKNOWN


def test_an_unknown_choice_is_quoted_harmlessly_and_changes_nothing(superuser):
    response = superuser.post(PAGE, {"choice": "<b>maybe</b>"})
    assert response.status_code == 400
    assert QUOTED in response.content.decode()
    assert not Consent.objects.exists()


def test_a_post_without_choice_changes_nothing(superuser):
    response = superuser.post(PAGE)
    assert response.status_code == 400
    assert "Nothing was chosen. Choose on or off." in text(response)
    assert not Consent.objects.exists()


def test_a_locked_switch_gives_the_reason(monkeypatch, superuser):
    monkeypatch.setenv("METRIC_COLLECTION", "False")
    page = superuser.get(PAGE)
    assert "Off, because METRIC_COLLECTION=False is set in the environment." in text(page)
    assert "The switch is locked." in text(page)
    assert page.content.decode().count(" disabled>") == page.content.decode().count("<fieldset")
    response = superuser.post(PAGE, {"choice": "on"})
    assert response.status_code == 400
    assert "Nothing was changed. Off, because METRIC_COLLECTION=False" in text(response)
    assert not Consent.objects.exists()
    assert not LogEntry.objects.exists()


def test_the_switch_can_be_used_while_debug_silences_everything(settings, superuser):
    settings.METRIC_COLLECTION_SEND_IN_DEVELOPMENT = False
    settings.DEBUG = True
    page = superuser.post(PAGE, {"choice": "on"}, follow=True)
    assert "Off, because the Django setting DEBUG is on." in text(page)
    assert "Your choice takes effect once this reason no longer applies." in text(page)
    assert Consent.objects.get().choice == Consent.Choice.GRANTED


def test_a_viewer_sees_the_state_and_no_switch(viewer):
    page = viewer.get(PAGE)
    assert "Usage metrics are on" in text(page)
    assert "Only superusers can change this." in text(page)
    assert 'name="choice"' not in page.content.decode()


def test_the_first_screen_has_the_last_the_next_and_the_queued_reports(superuser, report, clock):
    now = utc_now()
    Report.objects.update(settled_at=now - timedelta(hours=3, minutes=5))
    facts = {"installed_at": now, "heartbeat_due": now + timedelta(hours=1), "swept_at": now}
    Snapshot.objects.create(facts={}, **facts)
    enqueue(b"{}", category="Upgrade", now=now)
    page = text(superuser.get(PAGE))
    assert "Last report 3 hours ago accepted Next heartbeat" in page
    assert "Queued 1 report" in page


def test_the_recipient_is_named(viewer):
    assert (
        "Reports are sent to 127.0.0.1:9 , which can see the IP address that they come from."
        in text(viewer.get(PAGE))
    )


def test_while_off_the_json_is_one_that_would_be_sent(superuser):
    assert "View as JSON, exactly as it will be sent" in text(superuser.get(PAGE))
    superuser.post(PAGE, {"choice": "off"})
    assert "View as JSON, exactly as it would be sent" in text(superuser.get(PAGE))


def test_published_results_are_linked_to(viewer, settings):
    link = "See the results of all installations"
    assert link not in text(viewer.get(PAGE))
    settings.METRIC_COLLECTION_RESULTS_URL = "https://acme.example/results"
    assert f'<a href="https://acme.example/results">{link}</a>' in viewer.get(PAGE).content.decode()


class TestGroups:
    def test_a_group_is_declined_and_accepted_by_its_own_switch(self, superuser):
        for choice, declined in (("off", ["product"]), ("on", [])):
            form = {"group": "product", "choice": choice}
            assert superuser.post(GROUPS, form).url == f"{PAGE}#group-product"
            assert Consent.objects.get().declined_groups == declined
        assert [*LogEntry.objects.order_by("pk").values_list("change_message", flat=True)] == [
            "Usage metrics, group product: from granted to denied",
            "Usage metrics, group product: from denied to granted",
        ]

    def test_facts_of_a_declined_group_are_neither_gathered_nor_previewed(self, superuser):
        superuser.post(GROUPS, {"group": "product", "choice": "off"})
        page = text(superuser.get(PAGE))
        assert "Not gathered and not sent: Acme Version" in page
        assert "Acme Version" not in superuser.get(READ_ONLY[-2]).content.decode()

    def test_an_unknown_group_is_quoted_and_changes_nothing(self, superuser):
        before = rows()
        response = superuser.post(GROUPS, {"group": "<b>", "choice": "off"})
        assert response.status_code == 400
        assert "There is no group “&lt;b&gt;” here." in response.content.decode()
        assert rows() == before

    def test_a_viewer_sees_which_groups_are_off_and_no_switch(self, viewer):
        choose_group("product", Consent.Choice.DENIED)
        page = viewer.get(PAGE).content.decode()
        assert 'name="group"' not in page
        assert "Not gathered and not sent:" in page


class TestSending:
    @pytest.mark.parametrize(
        ("accepted", "message"),
        [
            (True, "A Celery worker was asked to send the queued reports."),
            (False, "No Celery broker could be reached. The next sweep sends the queued reports."),
        ],
    )
    def test_a_superuser_hands_the_queue_to_a_worker(
        self, accepted, message, superuser, monkeypatch
    ):
        monkeypatch.setattr("metric_collection.system_info.views.ask_worker", lambda: accepted)
        enqueue(b"{}", category="Heartbeat", now=utc_now())
        assert "Send now" in superuser.get(PAGE).content.decode()
        assert message in text(superuser.post(SEND, follow=True))

    def test_nothing_is_sent_while_metrics_are_off(self, superuser, monkeypatch, settings):
        monkeypatch.setattr("metric_collection.system_info.views.ask_worker", pytest.fail)
        settings.METRIC_COLLECTION = False
        enqueue(b"{}", category="Heartbeat", now=utc_now())
        assert "Send now" not in superuser.get(PAGE).content.decode()
        assert superuser.post(SEND).url == f"{PAGE}#reports"

    def test_a_viewer_cannot_send(self, viewer):
        enqueue(b"{}", category="Heartbeat", now=utc_now())
        assert "Send now" not in viewer.get(PAGE).content.decode()
        assert viewer.post(SEND).status_code == 403


def test_the_page_shows_the_version_history(superuser):
    changes = {"acme-maps": ["1.0", "1.1"], "acme-trees": [None, "2.0"]}
    Change.objects.create(category="Upgrade", recorded_at=NOON, changes=changes)
    page = text(superuser.get(PAGE))
    assert "acme-maps: from 1.0 to 1.1" in page
    assert "acme-trees: 2.0" in page


def test_the_last_event_of_an_opt_out_is_announced_beside_the_switch(superuser, settings, clock):
    settings.METRIC_COLLECTION_REPORT_OPT_OUT = True
    choose(Consent.Choice.GRANTED, now=clock())
    assert "Switching off sends one last event that says so." in text(superuser.get(PAGE))


def test_the_makers_own_page_is_linked_to(superuser, settings):
    settings.METRIC_COLLECTION_LEARN_MORE_URL = "https://acme.example/?a=1&b=2"
    assert '<a href="https://acme.example/?a=1&amp;b=2">' in superuser.get(PAGE).content.decode()


def test_values_are_shown_as_they_are_and_harmless(superuser, settings):
    settings.METRIC_COLLECTION_PRODUCT = settings.METRIC_COLLECTION_INSTALLATION_METHOD = NASTY
    settings.METRIC_COLLECTION_FACTS = {NASTY: NASTY}
    changes = {NASTY: [NASTY, NASTY]}
    Change.objects.create(category="Upgrade", recorded_at=NOON, changes=changes)
    body = json.dumps({"name": NASTY})
    Report.objects.create(category=NASTY, body=body, outcome=NASTY, sealed_at=NOON)
    page = superuser.get(PAGE).content.decode()
    assert "<c>" not in page
    assert page.count("a &amp; b &lt;c&gt; &quot;é&quot;") > 8


def test_a_new_installation_has_no_reports(superuser):
    page = text(superuser.get(PAGE))
    assert "0 reports sent, none queued" in page
    assert "No reports yet." in page
    assert "no upgrades yet" in page


def test_the_body_of_a_report_is_given_out_to_the_byte(viewer, report):
    response = viewer.get(reverse("admin:usage_metrics_report", args=[report.key]))
    assert response.content == report.body.encode()
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_without_a_planned_report_there_is_no_preview(viewer, settings):
    settings.METRIC_COLLECTION_CATEGORIES = []
    page = viewer.get(reverse("admin:usage_metrics_system_info")).content.decode()
    assert "No further report is planned." in page
    assert viewer.get(reverse("admin:usage_metrics_next_report")).status_code == 404


def test_the_next_report_is_given_out_to_the_byte(viewer):
    response = viewer.get(reverse("admin:usage_metrics_next_report"))
    assert response.content == Collection().preview()[1]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_report_that_is_gone_is_not_found(viewer):
    assert viewer.get(reverse("admin:usage_metrics_report", args=[KEY])).status_code == 404


def test_the_system_can_be_downloaded(viewer):
    response = viewer.get(reverse("admin:usage_metrics_system"))
    assert response.json()["product"] == "Acme"
    assert "attachment" in response["Content-Disposition"]


def test_all_reports_can_be_downloaded_as_json_lines(viewer, report):
    response = viewer.get(reverse("admin:usage_metrics_reports_download"))
    (line,) = response.getvalue().splitlines()
    assert json.loads(line)["body"] == report.body
    assert "attachment" in response["Content-Disposition"]


def test_the_list_of_reports_can_be_filtered(viewer, report):
    enqueue(b"{}", category="Upgrade", now=NOON)
    listed = text(viewer.get(READ_ONLY[0], {"state": "queued"}))
    assert "All 2 queued 1 accepted 1" in listed
    assert "Upgrade" in listed
    assert "Heartbeat" not in listed


def test_the_record_can_be_read_to_its_end(viewer, report):
    Report.objects.bulk_create(
        Report(category="Heartbeat", body="{}", sealed_at=NOON, settled_at=NOON, state="delivered")
        for _ in range(60)
    )
    assert reverse("admin:usage_metrics_reports") in viewer.get(PAGE).content.decode()
    seen, url = [], READ_ONLY[0]
    while url:
        page = viewer.get(url).content.decode()
        seen += re.findall(r"/reports/([0-9a-f-]+)\.json", page)
        older = re.search(r'href="(\?[^"]*before=\d+)"', page)
        url = older and READ_ONLY[0] + older[1]
    assert len(seen) == len(set(seen)) == 61


@pytest.mark.parametrize("before", ["", "x", "-1", "²", "1" * 40, "1" * 5000])
def test_an_invalid_place_in_the_list_of_reports_is_ignored(before, viewer, report):
    query = {"before": before, "state": before}
    assert "Heartbeat" in text(viewer.get(READ_ONLY[0], query))


def test_the_page_works_within_a_transaction_of_the_request(superuser, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert superuser.get(PAGE).status_code == 200
    assert superuser.post(PAGE, {"choice": "off"}).status_code == 302
    assert Consent.objects.get().choice == Consent.Choice.DENIED


def test_the_page_works_without_messages(superuser, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "messages" not in name]
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if "messages" not in name]
    page = superuser.post(PAGE, {"choice": "off"}, follow=True)
    assert "Off, because a superuser has declined." in text(page)


def test_the_page_has_neither_inline_script_nor_inline_style(superuser, report):
    page = superuser.get(PAGE).content.decode()
    assert all(" src=" in script for script in re.findall("<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.findall(r'(?:src|<link[^>]+href)="(?:https?:)?//', page)


@pytest.mark.parametrize("number", [0, 1, 20])
def test_a_superuser_looks_with_ten_queries_however_much_there_is(number, superuser, settings):
    declared = {f"campaign {each}": RUNNING for each in range(number)}
    settings.METRIC_COLLECTION_CAMPAIGNS = declared
    settings.METRIC_COLLECTION_FACTS = {f"Fact {each}": "x" for each in range(100)}
    Snapshot.objects.create(facts={}, installed_at=NOON, heartbeat_due=NOON)
    for each in declared:
        count(campaign_id=each)
    Report.objects.bulk_create(
        Report(category="Heartbeat", body="{}", sealed_at=NOON, settled_at=NOON, state="delivered")
        for _ in range(90)
    )
    with CaptureQueriesContext(connection) as asked:
        superuser.get(PAGE)
    # A savepoint is only there because this test is in a transaction.
    queries = [query for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(queries) == {0: 8, 1: 10, 20: 9}[number]


def count(campaign_id="search", **values):
    """Count an event in the period that runs."""
    campaign = campaigns()[campaign_id].campaign
    period = campaign.current_period(utc_now())
    place = {"period_start": period.start, "period_end": period.end, "campaign_id": campaign_id}
    event = Event(**{"category": "Search", "action": "Run", **place, **values})
    measurements.count([(campaign, event)])


@pytest.mark.usefixtures("search")
class TestCampaigns:
    @pytest.mark.parametrize(("number", "is_linked"), [(8, False), (9, True)])
    def test_the_page_links_to_all_of_them_once_they_are_many(
        self, settings, viewer, number, is_linked
    ):
        settings.METRIC_COLLECTION_CAMPAIGNS = {f"c{n}": RUNNING for n in range(number)}
        assert ("All campaigns with their counts" in text(viewer.get(PAGE))) is is_linked

    def test_without_campaigns_the_page_does_not_speak_of_them(self, superuser, settings):
        settings.METRIC_COLLECTION_CAMPAIGNS = {}
        assert "campaign" not in text(superuser.get(PAGE)).lower()

    def test_each_has_title_purpose_state_and_counts(self, viewer):
        count(name="devices", times=12, value=3.5)
        page = text(viewer.get(PAGE))
        assert "Search To know whether search is used. On by default." in page
        assert "Counted 12 times since" in page
        assert "Search / Run / devices: 12, value 3.5" in page

    def test_the_record_names_the_campaign_of_a_report(self, viewer):
        enqueue(b"{}", category="Usage", campaign_id="search", now=NOON)
        assert "Usage: search" in text(viewer.get(PAGE))

    def test_a_period_without_counts_has_a_note(self, viewer):
        assert "Nothing has been counted in this period yet." in text(viewer.get(PAGE))

    def test_a_campaign_that_is_refused_is_not_shown(self, viewer, settings):
        refused = daily(title="Broken", start="soon")
        settings.METRIC_COLLECTION_CAMPAIGNS = {"search": RUNNING, "broken": refused}
        assert "Broken" not in text(viewer.get(PAGE))

    def test_yes_and_no_have_equal_weight(self, superuser):
        page = superuser.get(PAGE).content.decode()
        for name, value in (("Keep on", "on"), ("Switch off", "off")):
            button = f'<button class="button" name="choice" value="{value}"[^>]*>{name}</button>'
            assert len(re.findall(button, page)) == 2  # the main switch, and the campaign's

    def test_each_button_has_a_name_of_its_own(self, superuser):
        page = superuser.get(PAGE).content.decode()
        names = [
            (re.findall('aria-label="(.*?)"', attributes) or [words])[0]
            for attributes, words in re.findall('<button class="button"(.*?)>(.*?)<', page)
        ]
        assert {"Keep on", "Off: Operating system", "Switch off: Search"} <= set(names)
        assert len(names) == len(set(names))

    def test_a_no_redirects_to_the_campaign(self, superuser):
        response = superuser.post(CAMPAIGNS, {"campaign": "search", "choice": "off"}, follow=True)
        assert response.redirect_chain == [(f"{PAGE}#campaign-1", 302)]
        assert "The campaign is off. Its unsent data was deleted." in text(response)
        assert "Off: a superuser has declined this campaign." in text(response)
        assert Consent.objects.get().choice == Consent.Choice.UNKNOWN

    def test_a_no_deletes_unsent_data_of_its_campaign_alone(self, superuser, settings):
        settings.METRIC_COLLECTION_CAMPAIGNS = {"search": RUNNING, "export": RUNNING}
        for campaign_id in ("search", "export"):
            count(campaign_id)
            enqueue(b"{}", category="Usage", campaign_id=campaign_id, now=NOON)
        sent = enqueue(b"{}", category="Usage", campaign_id="search", now=NOON)
        sent.settle(Report.State.DELIVERED, status=204, outcome="accepted", now=NOON)
        heartbeat = enqueue(b"{}", category="Heartbeat", now=NOON)
        superuser.post(CAMPAIGNS, {"campaign": "search", "choice": "off"})
        assert [row.campaign_id for row in Measurement.objects.all()] == ["export"]
        waiting = Report.objects.queued().values_list("campaign_id", flat=True)
        assert [*waiting] == ["export", heartbeat.campaign_id]
        assert Report.objects.settled().get() == sent

    def test_every_answer_is_in_the_admin_log(self, superuser):
        for choice in ("off", "off", "on"):
            superuser.post(CAMPAIGNS, {"campaign": "search", "choice": choice})
        assert [*LogEntry.objects.order_by("pk").values_list("change_message", flat=True)] == [
            "Usage campaign search: from unknown to denied",
            "Usage campaign search: denied again",
            "Usage campaign search: from denied to granted",
        ]

    def test_a_change_that_cannot_be_logged_is_not_made(self, superuser):
        with connection.execute_wrapper(fail_to_log), pytest.raises(DatabaseError):
            superuser.post(CAMPAIGNS, {"campaign": "search", "choice": "off"})
        assert not CampaignConsent.objects.exists()

    @pytest.mark.parametrize(
        ("posted", "problem"),
        [
            ({"choice": "off"}, "No campaign was named."),
            ({"campaign": "x", "choice": "off"}, "There is no campaign “x” here."),
            ({"campaign": "search"}, "Nothing was chosen. Choose on or off."),
            ({"campaign": "search", "choice": "x"}, "“x” is not a valid choice. Choose on or off."),
        ],
    )
    def test_a_wrong_post_is_answered_and_changes_nothing(self, posted, problem, superuser):
        before = rows()
        response = superuser.post(CAMPAIGNS, posted)
        assert response.status_code == 400
        assert problem in text(response)
        assert rows() == before

    def test_below_a_main_switch_that_is_off_all_are_locked_and_say_why(self, superuser, clock):
        choose(Consent.Choice.DENIED, now=clock())
        page = superuser.get(PAGE)
        assert "all campaigns are locked. Off, because a superuser has declined." in (text(page))
        assert 'aria-labelledby="campaign-1-title" disabled>' in page.content.decode()
        assert superuser.post(CAMPAIGNS, {"campaign": "search", "choice": "on"}).status_code == 400
        assert not CampaignConsent.objects.exists()

    def test_a_viewer_has_no_switch(self, viewer):
        assert 'name="campaign"' not in viewer.get(PAGE).content.decode()

    def test_the_exact_bytes_as_they_stand_are_a_link_away(self, viewer, settings):
        settings.METRIC_COLLECTION_CAMPAIGNS = {"a/b?&é": RUNNING}
        assert "?campaign=" not in viewer.get(PAGE).content.decode()
        count("a/b?&é")
        link = re.search(r'href="([^"]+\?campaign=[^"]+)"', viewer.get(PAGE).content.decode())[1]
        response = viewer.get(link)
        assert response.content == next_body("a/b?&é", now=utc_now())
        assert response["Content-Type"] == "application/json"

    def test_where_nothing_is_counted_there_are_no_bytes(self, viewer):
        url = reverse("admin:usage_metrics_next_report")
        for named in ("search", "", "nowhere"):
            assert viewer.get(url, {"campaign": named}).status_code == 404

    def test_many_campaigns_are_listed_and_switched_on_a_page_of_their_own(
        self, superuser, settings
    ):
        settings.METRIC_COLLECTION_CAMPAIGNS = {f"campaign {n}": RUNNING for n in range(9)}
        assert f'<a href="{CAMPAIGNS}">All campaigns' in superuser.get(PAGE).content.decode()
        assert text(superuser.get(CAMPAIGNS)).count("Keep on Switch off") == 9
        form = {"campaign": "campaign 8", "choice": "off"}
        assert superuser.post(CAMPAIGNS, form).url == f"{CAMPAIGNS}#campaign-9"

    def test_any_text_is_shown_as_text(self, superuser, settings):
        nasty = {**RUNNING, "title": NASTY, "purpose": NASTY}
        settings.METRIC_COLLECTION_CAMPAIGNS = {NASTY: nasty}
        count(NASTY, action=NASTY)
        page = superuser.get(PAGE).content.decode()
        assert "<c>" not in page
        assert page.count("a &amp; b &lt;c&gt; &quot;é&quot;") >= 4
