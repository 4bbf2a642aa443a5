from __future__ import annotations

import json
import logging
from datetime import date

import pytest

from metric_collection.collector.models import (
    Arrival,
    Cell,
    Fact,
    Pair,
    Period,
    Publication,
    Site,
    Span,
    Usage,
    Value,
)
from metric_collection.collector.publishing import publications
from metric_collection.collector.publishing.erasing import forget_fact, forget_site
from metric_collection.collector.publishing.publications import digest_of
from tests.collector.rows import NOW, TODAY, fact, grow, value

pytestmark = pytest.mark.django_db
WEEK = "2026-11-02"
DEBIAN = "Debian GNU/Linux 12 (bookworm)"


@pytest.fixture
def site():
    site = grow(days=70)
    site.is_public = True
    site.save()
    Fact.objects.filter(is_declared=True).update(is_public=True)
    publications.publish(NOW)
    return site


def shown(text: str) -> int:
    return Publication.objects.filter(body__contains=text).count()


def tables() -> dict:
    """The published tables by version of a week."""
    return json.loads(Publication.objects.get(span=Span.WEEK, start=WEEK).body)["pairs"]


def test_a_fact_is_erased_from_the_tables_and_from_what_was_published(site, caplog):
    fact = Fact.objects.get(name="os_version")
    assert shown("os_version")
    with caplog.at_level(logging.INFO):
        assert forget_fact(fact, text=None, now=NOW) == (3, 9)
    assert not Fact.objects.filter(name="os_version").exists()
    assert not Value.objects.filter(text=DEBIAN).exists()
    assert Pair.objects.count() == 0
    assert shown("os_version") == shown(DEBIAN) == 0
    assert "'os_version'" in caplog.text


def test_a_value_is_erased_and_its_text_is_not_logged(site, caplog):
    fact = Fact.objects.get(name="os_version")
    with caplog.at_level(logging.INFO):
        assert forget_fact(fact, text=DEBIAN, now=NOW)[0] == 1
    assert shown(DEBIAN) == 0
    assert shown("Ubuntu")
    assert not Value.objects.filter(text=DEBIAN).exists()
    assert Cell.objects.filter(fact=fact).exists()
    assert DEBIAN not in caplog.text
    publication = Publication.objects.filter(span=Span.WEEK).latest("start")
    assert json.loads(publication.body)["rewritten"] == "2026-11-26"
    assert publication.sha256 == digest_of(publication.body)
    assert "rewritten" not in Publication.objects.filter(span=Span.DAY).latest("start").body


def test_a_value_of_the_product_is_erased_with_its_pairs(site):
    fact = Fact.objects.get(name="Acme Version")
    forget_fact(fact, text="2.4.0", now=NOW)
    assert not Pair.objects.filter(by__text="2.4.0").exists()
    assert Pair.objects.filter(by__text="2.3.0").exists()


@pytest.mark.parametrize("text", ["2.4.0", None])
def test_the_product_is_erased_with_its_events(site, text):
    other = grow(site_id=6, name="Beta", days=3)
    upgrades = Value.objects.get(fact__site=site, fact__name="upgraded to")
    forget_fact(Fact.objects.get(site=site, name="os_version"), text=text, now=NOW)
    assert Cell.objects.filter(value=upgrades).exists()
    forget_fact(Fact.objects.get(site=site, name="Acme Version"), text=text, now=NOW)
    assert not Cell.objects.filter(value=upgrades).exists()
    assert not Value.objects.filter(fact__site=site, text="2.4.0").exists()
    assert Value.objects.filter(fact__site=other, text="2.4.0").count() == 2


def test_the_product_is_erased_with_every_table_by_version(site):
    assert tables()
    forget_fact(Fact.objects.get(name="Acme Version"), text=None, now=NOW)
    assert tables() == {}
    assert shown("Debian"), "the lists of other facts are kept"
    assert shown('"2.4"') == shown('"2.3"') == 0


def test_a_minor_is_erased_with_its_last_version(site):
    fact = Fact.objects.get(name="Acme Version")
    forget_fact(fact, text="2.3.0", now=NOW)
    assert list(tables()["os_version"]) == ["2.3"], "2.3.1 is left"
    forget_fact(fact, text="2.3.1", now=NOW)
    assert shown('"2.3"') == 0
    assert tables() == {}
    assert shown('"2.4"')


def test_the_tables_by_version_outlive_another_fact_with_versions(site):
    week = Publication.objects.get(span=Span.WEEK, start=WEEK)
    content = json.loads(week.body)
    content["facts"]["python_version"] = {"kind": "version", "values": {"3.11": 50, "3.12": 40}}
    Publication.objects.filter(pk=week.pk).update(body=json.dumps(content))
    python = fact(site, "python_version", "version", 5)
    value(python, "3.11.7")
    before = tables()
    forget_fact(python, text="3.11.7", now=NOW)
    assert shown("python_version") == shown('"3.12"') == 1
    assert shown('"3.11"') == 0
    forget_fact(python, text=None, now=NOW)
    assert shown("python_version") == 0
    assert tables() == before


def test_a_site_starts_over_and_keeps_its_dictionary(site):
    other = grow(site_id=6, name="Beta", days=3)
    Arrival.objects.create(site_id=5, body=b"{}", received_at=NOW)
    assert forget_site(site, before=None) > 70
    assert Site.objects.filter(pk=5).exists()
    assert Fact.objects.filter(site=5).exists()
    for model in (Period, Publication):
        assert not model.objects.filter(site=5).exists()
    assert not Value.objects.filter(fact__site=5).exists()
    assert not Usage.objects.filter(usage_name__site=5).exists()
    assert not Arrival.objects.exists()
    assert Period.objects.filter(site=other).exists()
    assert Cell.objects.filter(fact__site=6).exists()
    assert not Cell.objects.filter(fact__site=5).exists()


def test_a_site_forgets_what_began_before_a_day(site):
    forget_site(site, before=date(2026, 11, 1))
    assert Period.objects.filter(site=5).earliest("start").start == date(2026, 11, 1)
    assert Publication.objects.filter(site=5).earliest("start").start >= date(2026, 11, 1)
    assert Cell.objects.filter(fact__site=5, start__lt="2026-11-01").count() == 0
    assert Value.objects.filter(text=DEBIAN).exists()
    assert date(2026, 11, 1) < TODAY
