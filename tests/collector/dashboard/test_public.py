from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metric_collection.collector.dashboard import public, public_views
from metric_collection.collector.models import (
    Arrival,
    Fact,
    Period,
    Publication,
    Site,
    Span,
    Usage,
    Value,
)
from metric_collection.collector.publishing import publications
from metric_collection.collector.publishing.erasing import forget_fact
from tests.collector.reports import report
from tests.collector.rows import NOW, grow

pytestmark = pytest.mark.django_db
PAGE = "/collector/acme/"
DAY = f"{PAGE}days/2026-11-22.json"


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(public_views, "utc_now", lambda: NOW)
    public_views._site_page.cache_clear()


@pytest.fixture
def site():
    site = grow(days=60, size=1200, grows=True)
    Site.objects.update(is_public=True, learn_more="https://example.org/metrics")
    Fact.objects.filter(is_declared=True).update(is_public=True)
    Usage.objects.update(start=date(2026, 10, 5), is_folded=True)
    publications.publish(NOW)
    return site


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_page_shows_what_is_published_in_charts_with_sentences(client, site):
    html = text_of(client.get(PAGE))
    assert "About <strong>1,170</strong> active installations" in html
    assert "2.4 leads with" in html
    assert "If 2.4 were required" in html
    assert "Debian GNU/Linux 12 (bookworm) leads with" in html
    assert "The os_version." in html
    assert "os_version by version" in html
    assert "export / csv" in html
    assert 'href="https://example.org/metrics"' in html
    assert 'href="weeks/2026-W47.json"' in html
    assert "<script" not in html
    assert "style=" not in html


def test_of_each_usage_the_newest_period_is_shown(client, site):
    row = Publication.objects.get(span=Span.MONTH, start="2026-10-01")
    body = json.loads(row.body)
    body["usage"] = [{**body["usage"][0], "start": f"2026-10-{day}"} for day in ("12", "19", "05")]
    Publication.objects.filter(pk=row.pk).update(body=json.dumps(body))
    html = text_of(client.get(PAGE))
    assert html.count("export / csv</bdi>") == 1
    assert "7 days from 19 Oct" in html


def test_shares_are_those_of_all_installations_not_of_the_shown_ones(client, site):
    row = Publication.objects.get(span=Span.DAY, start="2026-11-22")
    body = json.loads(row.body)
    body |= {"installations": 1000}
    body["facts"]["Acme Version"]["values"] = {"2.4": 600}
    Publication.objects.filter(pk=row.pk).update(body=json.dumps(body))
    html = text_of(client.get(PAGE))
    assert "2.4 leads with 60 % of the installations." in html
    assert "If 2.4 were required, 40 % would be left behind." in html
    assert "not shown: 400 (40 %)" in html


def test_a_value_that_was_not_published_is_a_gap_and_not_a_zero(client, site):
    numbers = public.read(site, NOW.date())
    for week in list(numbers.by_span[Span.WEEK].values())[:-1]:
        week["facts"].get("os_version", {"values": {}})["values"].pop("Ubuntu 24.04 LTS", None)
    facts = {"os_version": Fact.objects.get(name="os_version")}
    ((_, trend),) = public.fact_figures(numbers, facts)
    (ubuntu,) = (each for each in trend.chart.series if each.name == "Ubuntu 24.04 LTS")
    assert set(ubuntu.values[:-1]) == {None}
    assert "Ubuntu" not in trend.says


def test_the_page_is_computed_from_publications_alone(client, site):
    before = client.get(PAGE).content
    Period.objects.all().delete()
    public_views._site_page.cache_clear()
    assert client.get(PAGE).content == before


def test_the_page_is_kept_until_something_changes(client, site):
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE)
    assert len(queries) == 3
    Fact.objects.filter(name="os_version").update(description="Which system it runs on.")
    assert "Which system it runs on." in text_of(client.get(PAGE))
    forget_fact(
        Fact.objects.get(name="os_version"), text="Ubuntu 24.04 LTS", now=NOW + timedelta(hours=1)
    )
    assert "Ubuntu" not in text_of(client.get(PAGE))
    Site.objects.update(name="Renamed")
    assert "Installations of Renamed" in text_of(client.get(PAGE))


def test_a_small_fleet_is_stated_as_it_was_published(client, settings):
    settings.METRIC_COLLECTOR_PUBLIC_MINIMUM = 5
    grow(days=12, size=5)
    Site.objects.update(is_public=True)
    publications.publish(NOW)
    assert "About <strong>5</strong> active installations" in text_of(client.get(PAGE))
    assert client.get(f"{PAGE}badge.json").json()["message"] == "about 5"


def test_the_page_outlives_the_erasure_of_all_values(client, site):
    for value in Value.objects.filter(fact__in=site.facts.filter(is_public=True)):
        forget_fact(value.fact, text=value.text, now=NOW)
    html = text_of(client.get(PAGE))
    assert "About <strong>1,170</strong> active installations" in html
    assert "by version" not in html
    assert "leads with" not in html


def test_a_day_without_a_publication_is_a_gap(client, site):
    Publication.objects.filter(span=Span.DAY, start="2026-11-10").delete()
    numbers = public.read(site, NOW.date())
    counts = numbers.installations(Span.DAY, numbers.starts(Span.DAY, public.DAY))
    assert counts[date(2026, 11, 10)] is None
    assert client.get(PAGE).status_code == 200


def test_unusual_days_are_marked(client, site):
    row = Publication.objects.get(span=Span.DAY, start="2026-11-10")
    body = {**json.loads(row.body), "unusual": "3.2 times the usual number of installations"}
    Publication.objects.filter(pk=row.pk).update(body=json.dumps(body))
    public_views._site_page.cache_clear()
    assert "3.2 times the usual number of installations" in text_of(client.get(PAGE))


def test_the_page_costs_few_queries_however_much_is_published(client, site):
    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE)
    assert len(queries) <= 6


def test_the_page_needs_nothing_but_its_style_sheet_and_sets_no_cookie(client, site):
    response = client.get(PAGE)
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert not response.cookies
    assert client.get(PAGE, headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_before_the_first_publication_the_page_says_when_it_comes(client):
    Site.objects.create(id=5, name="Acme", slug="acme", is_public=True)
    assert "Nothing is published yet." in text_of(client.get(PAGE))
    assert client.get(f"{PAGE}badge.json").json()["message"] == "not published yet"


def test_a_private_site_is_as_unknown_as_none(client, site):
    paths = ["", "rules/", "data.json", "data.csv", "badge.json", "days/2026-11-22.json"]
    assert [client.get(PAGE + path).status_code for path in paths] == [200] * 6
    assert [client.post(PAGE + path).status_code for path in paths] == [405] * 6
    Site.objects.update(is_public=False)
    assert [client.get(PAGE + path).status_code for path in paths] == [404] * 6
    assert [client.get(f"/collector/other/{path}").status_code for path in paths] == [404] * 6


def test_the_rules_page_names_the_minimum(client, site, settings):
    settings.METRIC_COLLECTOR_PUBLIC_MINIMUM = 20
    html = text_of(client.get(f"{PAGE}rules/"))
    assert "Numbers below 20 are left out" in html


def test_a_publication_is_served_byte_for_byte_and_cached_for_good(client, site):
    response = client.get(DAY)
    row = Publication.objects.get(span=Span.DAY, start="2026-11-22")
    assert response.content.decode() == row.body
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert client.get(DAY, headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert client.get(f"{PAGE}weeks/2026-W47.json").json()["span"] == "week"
    assert client.get(f"{PAGE}months/2026-10.json").json()["span"] == "month"


def test_a_period_that_was_not_published_is_not_found(client, site):
    for name in (
        "days/2026-11-99.json",
        "days/2027-01-01.json",
        "days/2026-W47.json",
        "weeks/2026-W99.json",
        "weeks/2026-11-22.json",
        "months/2026-13.json",
        "months/2026-11.json",
        "years/2026-10.json",
    ):
        assert client.get(PAGE + name).status_code == 404


def test_the_index_names_every_period_and_what_the_facts_mean(client, site):
    data = client.get(f"{PAGE}data.json").json()
    assert data["newest"] == {"days": "2026-11-22", "weeks": "2026-W47", "months": "2026-10"}
    assert data["facts"]["os_version"] == {
        "kind": "text",
        "description": "The os_version.",
        "purpose": "",
    }
    for folder, names in data["periods"].items():
        for name in names:
            assert client.get(f"{PAGE}{folder}/{name}.json").status_code == 200


def test_the_badge_is_the_median_of_the_last_seven_days(client, site):
    assert client.get(f"{PAGE}badge.json").json() == {
        "schemaVersion": 1,
        "label": "active installations",
        "message": "about 1,170",
    }


def test_everything_is_there_as_csv_that_no_spreadsheet_runs(client, site):
    row = Publication.objects.get(span=Span.DAY, start="2026-11-22")
    Publication.objects.filter(pk=row.pk).update(body=row.body.replace('"2.4"', '"=cmd()"'))
    response = client.get(f"{PAGE}data.csv")
    rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert rows[0] == ["span", "first_day", "fact", "value", "installations"]
    assert ["week", "2026-11-16", "", "", "1170"] in rows
    assert any(row[3] == "'=cmd()" for row in rows)


def test_the_root_takes_reports_and_leads_to_the_only_public_site(client, site):
    response = client.get("/collector/")
    assert response.status_code == 302
    assert response["Location"] == PAGE
    posted = client.post("/collector/", report(at=NOW), content_type="application/json")
    assert posted.status_code == 204
    assert Arrival.objects.count() == 1


def test_the_root_lists_the_public_sites(client, site):
    Site.objects.create(id=6, name="Beta", slug="beta", is_public=True)
    Site.objects.create(id=7, name="Secret", slug="secret")
    html = text_of(client.get("/collector/"))
    assert '<a href="beta/">Beta</a>' in html
    assert "Secret" not in html
    Site.objects.update(is_public=False)
    assert client.get("/collector/").status_code == 404
