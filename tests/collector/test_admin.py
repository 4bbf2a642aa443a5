from __future__ import annotations

import json

import pytest
from django.urls import reverse

from metric_collection.collector.models import Site

RULE = {"fact": "Acme Version", "pattern": "2.4.0*"}


@pytest.fixture
def save(site, admin_client):
    """Save the form of a site with this text in "excluded reports"."""

    def save(excluded):
        url = reverse("admin:usage_metrics_collector_site_change", args=[site.pk])
        fields = {"id": site.pk, "name": site.name, "slug": site.slug, "excluded": excluded}
        return admin_client.post(url, {**fields, "facts-TOTAL_FORMS": 0, "facts-INITIAL_FORMS": 0})

    return save


@pytest.mark.parametrize(
    ("excluded", "quoted"),
    [
        (RULE, RULE),
        (
            [RULE, {"fact": "Acme Version", "pattern": 2.4}],
            {"fact": "Acme Version", "pattern": 2.4},
        ),
        ([{"fact": "Acme Version"}], {"fact": "Acme Version"}),
        ([{**RULE, "since": "2.3"}], {**RULE, "since": "2.3"}),
        (["2.4.0"], "2.4.0"),
        (5, 5),
    ],
)
def test_excluded_reports_that_are_not_rules_are_quoted_and_not_saved(save, excluded, quoted):
    (message,) = save(json.dumps(excluded)).context["errors"][0]
    assert message == (
        f"{json.dumps(quoted)} is not a rule. Write a list of rules, each with a fact and a pattern in quotes, for"
        ' example [{"fact": "Acme Version", "pattern": "2.4.0*"}].'
    )
    assert Site.objects.get().excluded == []


@pytest.mark.parametrize("text", ["", "null", "{}", "[]"])
def test_excluded_reports_may_be_emptied(save, text):
    Site.objects.update(excluded=[RULE])
    assert save(text).status_code == 302
    assert Site.objects.get().excluded == []


def test_excluded_reports_are_saved(save):
    assert save(json.dumps([RULE])).status_code == 302
    assert Site.objects.get().excluded == [RULE]
