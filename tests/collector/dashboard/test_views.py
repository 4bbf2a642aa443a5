from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from metric_collection.collector.counting import showing
from metric_collection.collector.counting.days import monday_of
from metric_collection.collector.dashboard import views
from metric_collection.collector.door import inbox
from metric_collection.collector.models import (
    Arrival,
    Cell,
    Fact,
    Import,
    Lateness,
    Pair,
    Period,
    Refusal,
    Site,
    Span,
    Value,
    Work,
    digest,
)
from tests.collector.reports import report
from tests.collector.rows import NOW, TODAY, fact, grow, value

DASHBOARD = reverse("admin:usage_metrics_collector_dashboard")
CSV = reverse("admin:usage_metrics_collector_csv")
OPERATIONS = reverse("admin:usage_metrics_collector_operations")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(views, "utc_now", lambda: NOW)


@pytest.fixture
def staff(client):
    user = get_user_model().objects.create_user("staff", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_period"))
    client.force_login(user)
    return client


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("url", [DASHBOARD, CSV, OPERATIONS])
def test_the_pages_are_for_staff_who_may_view_periods(client, url, staff):
    grow(days=1)
    assert staff.get(url).status_code == 200
    assert staff.post(url).status_code == (403 if url == OPERATIONS else 405)
    client.force_login(get_user_model().objects.create_user("other", is_staff=True))
    assert client.get(url).status_code == 403
    client.logout()
    assert client.get(url).status_code == 302


def test_the_admin_index_links_to_the_dashboard(staff):
    grow(days=1)
    response = staff.get(reverse("admin:usage_metrics_collector_period_changelist"))
    assert "Usage metrics of Acme" in text_of(response)


def test_the_dashboard_shows_every_chart_with_a_sentence(staff):
    grow()
    html = text_of(staff.get(DASHBOARD))
    assert "100 active installations, as many as four weeks before." in html
    assert "2.4 leads with 92 % of the installations." in html
    assert "2.4 has reached 92 % after" in html
    assert "If 2.4 were required, 8.0 % would be left behind." in html
    assert "Debian GNU/Linux 12 (bookworm) leads with 60 % of the installations." in html
    assert "In the last four weeks: 28 new, 112 upgraded, 0 opted out." in html
    assert "export / csv" in html
    figures = html.count("<figure")
    assert figures == 11
    assert html.count('<svg class="umc-chart') == html.count("<details>") == figures
    assert "2.4.0" in html


def test_a_version_filters_every_chart(staff):
    grow()
    html = text_of(staff.get(DASHBOARD, {"version": "2.3"}))
    assert "8 active installations" in html
    assert "2.3.1 leads with" in html
    assert "Upgrades to each version" in html
    assert "<span>New installations</span>" not in html
    assert "os_version is not counted by version" not in html
    Pair.objects.all().delete()
    assert "os_version is not counted by version" in text_of(
        staff.get(DASHBOARD, {"version": "2.3"})
    )


def test_a_fact_that_is_not_declared_does_not_replace_the_product(staff):
    site = grow()
    Fact.objects.update(position=F("position") + 1)  # the dictionary counts from 1
    zero = fact(site, "Zero Version", "version", 0, is_declared=False)
    forged = value(zero, "6.6.6")
    Cell.objects.create(fact=zero, value=forged, span=Span.DAY, start=TODAY, n=1)
    assert "2.4 leads with 92 % of the installations." in text_of(staff.get(DASHBOARD))
    assert "8 active installations" in text_of(staff.get(DASHBOARD, {"version": "2.3"}))


def test_a_value_that_is_named_like_many_others_does_not_hide_them(staff):
    site = grow()
    systems = site.facts.get(name="os_version")
    other = Value.objects.create(
        fact=systems, role="other", digest=digest(""), first_seen=TODAY, last_seen=TODAY
    )
    for each, n in ((other, 47), (value(systems, "(other)"), 1)):
        Cell.objects.create(fact=systems, value=each, span=Span.DAY, start=TODAY, n=n)
        Cell.objects.create(fact=systems, value=each, span=Span.WEEK, start=monday_of(TODAY), n=n)
    rows = csv.reader(io.StringIO(staff.get(CSV).content.decode()))
    assert [row[-1] for row in rows if row[-2] == "(other)"] == ["48"]
    (day,) = showing.shown(site, since=TODAY)["days"]
    assert day["facts"]["os_version"]["(other)"] == 48


@pytest.mark.parametrize(
    "query",
    [{"days": "1000"}, {"days": "x"}, {"site": "99"}, {"version": "<script>"}, {"version": "9.9"}],
)
def test_a_choice_that_is_not_valid_does_no_harm(staff, query):
    grow(days=10)
    html = text_of(staff.get(DASHBOARD, query))
    assert "Usage metrics of Acme" in html
    assert "<script>" not in html.split("</head>")[1].replace("<script src", "")


def test_queries_do_not_grow_with_time_facts_or_fleet(staff):
    grow(days=10, facts=1)
    grow(site_id=6, name="Big", days=200, facts=12, size=1_000_000)
    counts = []
    for query in ({"site": 5, "days": 28}, {"site": 6, "days": 365}, {"site": 6, "version": "2.4"}):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            staff.get(DASHBOARD, query)
        counts.append(len(queries))
    assert max(counts) <= 15
    assert counts[0] == counts[1]


def test_without_a_site_the_page_says_how_to_add_one(staff):
    assert "metric_collector site add 1" in text_of(staff.get(DASHBOARD))
    assert staff.get(CSV).status_code == 404


def test_without_a_report_the_page_says_what_to_set(staff):
    Site.objects.create(id=5, name="Acme", slug="acme")
    html = text_of(staff.get(DASHBOARD))
    assert "No report of Acme was counted yet." in html
    assert "METRIC_COLLECTION_SITE_ID = 5" in html
    assert "<figure" not in html


def test_on_the_first_day_a_single_point_is_shown(staff):
    grow(days=1, size=3)
    html = text_of(staff.get(DASHBOARD))
    assert "3 active installations." in html
    assert "No version appeared in this time." in html
    assert "h0" in html


def test_a_public_site_links_to_its_public_page(staff):
    grow(days=3)
    assert "Public page" not in text_of(staff.get(DASHBOARD))
    Site.objects.update(is_public=True)
    assert '<a href="/collector/acme/">Public page</a>' in text_of(staff.get(DASHBOARD))


def test_several_sites_are_shown_at_a_glance(staff):
    grow(days=40)
    grow(site_id=6, name="Beta", days=3, size=7)
    html = text_of(staff.get(DASHBOARD))
    assert "<bdi>Acme</bdi></a> <strong>100</strong>" in html
    assert "as many as four weeks before" in html
    assert "<bdi>Beta</bdi>" in html
    assert "Usage metrics of Beta" in text_of(staff.get(DASHBOARD, {"site": 6}))


def test_facts_are_shown_by_day_where_reports_have_no_flag(staff):
    grow(days=10)
    Period.objects.exclude(span=Span.DAY).delete()
    Period.objects.update(flagged=0)
    html = text_of(staff.get(DASHBOARD))
    assert "Debian GNU/Linux 12 (bookworm) leads with 60 %" in html
    assert "Weeks and months are lower bounds." in html


def test_undeclared_facts_are_listed(staff):
    site = grow(days=3)
    fact(site, "surprise", "text", 9, is_declared=False)
    assert "<code>surprise</code>" in text_of(staff.get(DASHBOARD))


def test_values_are_escaped(staff):
    site = grow(days=3)
    evil = value(site.facts.get(name="os_version"), "<img src=x>")
    Cell.objects.create(fact_id=evil.fact_id, value=evil, span=Span.WEEK, start="2026-11-23", n=30)
    html = staff.get(DASHBOARD).content.decode()
    assert "&lt;img src=x&gt;" in html
    assert "<img src=x>" not in html


def test_values_that_stand_for_many_have_names(staff):
    site = grow(days=10)
    Value.objects.filter(fact=site.facts.get(name="os_version"), text__startswith="Alpine").update(
        role=Value.Role.RARE, text=""
    )
    assert "(rare)" in text_of(staff.get(DASHBOARD))


def test_another_fact_can_have_the_products_version(staff):
    site = grow(days=40)
    site.product_fact = "os_version"
    site.save()
    assert "Acme Version" in text_of(staff.get(DASHBOARD))
    site.product_fact = "there is no such fact"
    site.save()
    assert "Nothing was counted yet." in text_of(staff.get(DASHBOARD))


def test_the_numbers_can_be_downloaded(staff):
    site = grow(days=3)
    evil = value(site.facts.get(name="os_version"), "=cmd()")
    Cell.objects.create(fact_id=evil.fact_id, value=evil, span=Span.WEEK, start="2026-11-23", n=30)
    response = staff.get(CSV, {"site": 5, "days": 28})
    assert response["Content-Disposition"] == 'attachment; filename="usage-metrics-acme.csv"'
    rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert rows[0] == ["span", "first_day", "fact", "value", "installations"]
    assert ["day", "2026-11-24", "", "", "100"] in rows
    assert ["week", "2026-11-23", "os_version", "Ubuntu 24.04 LTS", "30"] in rows
    assert ["week", "2026-11-23", "os_version", "'=cmd()", "30"] in rows


def test_a_day_without_reports_is_no_row_of_the_csv(staff):
    site = grow(days=5)
    site.periods.filter(span=Span.DAY, start="2026-11-24").delete()
    assert "day,2026-11-24,,," not in staff.get(CSV).content.decode()
    assert "day,2026-11-25,,,100" in staff.get(CSV).content.decode()


def test_operations_show_what_arrives_is_late_and_is_refused(staff):
    site = grow(days=3)
    Lateness.objects.create(site_id=5, day=TODAY, days=0, n=90)
    Lateness.objects.create(site_id=5, day=TODAY, days=8, n=10)
    Refusal.objects.create(site_id=0, day=TODAY, reason="invalid", n=3)
    Refusal.objects.create(site_id=site.pk, day=TODAY - timedelta(days=1), reason="rate", n=4)
    Work.objects.create(name="roll-up", began_at=NOW, ended_at=NOW, outcome="done", detail="12")
    html = text_of(staff.get(OPERATIONS))
    assert "90 % of the reports arrived on their day." in html
    assert "reports in the last 24 whole hours, usually" in html
    assert "not a valid report" in html
    assert "<bdi>Acme</bdi>" in html
    assert "done 12" in html
    assert "Everything runs." in html


def test_operations_of_a_new_collector_say_what_to_run(staff):
    html = text_of(staff.get(OPERATIONS))
    assert "Nothing has run yet." in html
    assert "Nothing was refused." in html
    assert "No report was received in the last four weeks." in html


def test_operations_raise_an_alarm_for_unknown_sites_and_uncounted_reports(staff):
    Refusal.objects.create(site_id=7, day=TODAY, reason="unknown site", n=123)
    inbox.put(
        site_id=5, key=None, body=b"{}", source=Arrival.Source.DOOR, now=NOW - timedelta(hours=3)
    )
    html = text_of(staff.get(OPERATIONS))
    assert "Site 7, unknown site: 123 today." in html
    assert "Reports have not been counted since" in html
    assert "Everything runs." not in html
    Refusal.objects.update(day=TODAY - timedelta(days=2))
    Arrival.objects.all().delete()
    assert "Everything runs." in text_of(staff.get(OPERATIONS))


@pytest.fixture
def decider(staff, client):
    """A user who may decide about publications."""
    user = get_user_model().objects.get(username="staff")
    user.user_permissions.add(Permission.objects.get(codename="change_site"))
    return client


@pytest.fixture
def held():
    site = grow(days=20)
    Site.objects.update(is_public=True)
    held = site.periods.get(span=Span.DAY, start=TODAY - timedelta(days=9))
    Period.objects.filter(pk=held.pk).update(state=Period.State.HELD, note="odd")
    return held


@pytest.mark.parametrize(
    ("decision", "state"), [("publish", "published"), ("leave-out", "left out")]
)
def test_staff_decide_about_a_held_period_and_the_log_has_it(decider, held, decision, state):
    assert "Nov. 17, 2026</strong>: 100 installations." in text_of(decider.get(OPERATIONS))
    data = {"period": held.pk, "decision": decision, "note": "a fair"}
    response = decider.post(OPERATIONS, data, follow=True)
    held.refresh_from_db()
    assert (held.state, held.note) == (state, "a fair")
    assert LogEntry.objects.get().object_id == str(held.pk)
    assert "umc-held" not in text_of(response)
    response = decider.post(OPERATIONS, data, follow=True)
    assert "Nothing was changed. The page was out of date." in text_of(response)


def test_who_may_only_view_cannot_decide(staff, held):
    assert "Leave out" not in text_of(staff.get(OPERATIONS))
    data = {"period": held.pk, "decision": "publish"}
    assert staff.post(OPERATIONS, data).status_code == 403
    held.refresh_from_db()
    assert held.state == Period.State.HELD


def test_a_decision_needs_the_token_of_the_page(held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create_superuser("root"))
    assert client.post(OPERATIONS, {"period": held.pk, "decision": "publish"}).status_code == 403


def test_a_new_value_can_be_hidden_before_its_second_week(decider):
    site = grow(days=30)
    Site.objects.update(is_public=True)
    site.facts.filter(is_declared=True).update(is_public=True)
    assert "Published next week" not in text_of(decider.get(OPERATIONS))
    evil = value(site.facts.get(name="os_version"), "buy <b>")
    Cell.objects.create(fact_id=evil.fact_id, value=evil, span=Span.WEEK, start="2026-11-16", n=12)
    html = text_of(decider.get(OPERATIONS))
    assert "<bdi>buy &lt;b&gt;</bdi> (12)" in html
    response = decider.post(OPERATIONS, {"hide": evil.pk}, follow=True)
    assert "A value of os_version was hidden." in text_of(response)
    assert "Published next week" not in text_of(response)
    assert "buy" not in LogEntry.objects.get().change_message


IMPORT = reverse("admin:usage_metrics_collector_import")


def test_a_file_is_uploaded_by_who_may_import(staff):
    Site.objects.create(id=5, name="Acme", slug="acme")
    assert staff.get(IMPORT).status_code == 403
    user = get_user_model().objects.get(username="staff")
    user.user_permissions.add(Permission.objects.get(codename="add_import"))
    assert "Last imports" not in text_of(staff.get(IMPORT))
    lines = report(at=NOW) + b"\nnonsense\n"
    html = text_of(staff.post(IMPORT, {"file": io.BytesIO(lines)}))
    assert "Of 2 lines, 1 are counted within a minute, 0 were repeats, and 1 were refused." in html
    assert "Line 2" in html
    assert Import.objects.get().by == user
    again = text_of(staff.post(IMPORT, {"file": io.BytesIO(lines)}))
    assert "This file was imported on" in again
    assert "Last imports" in again
    assert "This field is required." in text_of(staff.post(IMPORT, {}))


def test_a_site_and_its_dictionary_are_edited_in_the_admin(client):
    grow(days=1)
    client.force_login(get_user_model().objects.create_superuser("root"))
    page = text_of(client.get(reverse("admin:usage_metrics_collector_site_change", args=[5])))
    assert "The os_version." in page
    assert "facts-__prefix__" not in page


def test_more_values_than_fit_into_a_chart_are_added_up(staff):
    site = grow(days=20)
    os_version = site.facts.get(name="os_version")
    for number in range(4):
        other = value(os_version, f"Other {number}")
        Cell.objects.create(fact=os_version, value=other, span=Span.WEEK, start="2026-11-16", n=7)
    assert "others" in text_of(staff.get(DASHBOARD))
