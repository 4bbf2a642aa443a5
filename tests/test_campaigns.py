from __future__ import annotations

from datetime import datetime, timezone

import pytest
from django.utils.translation import gettext_lazy, override

from metric_collection.campaigns import LONGEST_ID, campaigns, declaration
from tests.campaigns import daily


@pytest.fixture(autouse=True)
def declared(settings):
    settings.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "export": daily(title="Export")}
    return settings


def test_a_campaign_is_read_with_title_and_purpose():
    search = campaigns()["search"]
    assert (search.id, search.title) == ("search", "Search")
    assert search.purpose == "To know whether search is used."
    assert search.campaign.start == datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_an_invalid_campaign_costs_no_other(declared):
    declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(start="soon"), "export": daily()}
    (error,) = declaration().refused
    assert error.path == "search.start"
    assert list(campaigns()) == ["export"]


@pytest.mark.parametrize("campaign_id", ["x" * (LONGEST_ID + 1), "a\nb", "\ud800", "search "])
def test_an_id_fits_its_column_and_a_form(declared, campaign_id):
    declared.METRIC_COLLECTION_CAMPAIGNS = {campaign_id: daily()}
    (error,) = declaration().refused
    assert error.path == "id"


def test_ids_are_compared_exactly(declared):
    declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(), "Search": daily(), "séarch": daily()}
    assert list(campaigns()) == ["search", "Search", "séarch"]


def test_without_a_title_it_goes_by_its_id(declared):
    plain = {key: value for key, value in daily().items() if key not in {"title", "purpose"}}
    declared.METRIC_COLLECTION_CAMPAIGNS = {"search": plain}
    assert (campaigns()["search"].title, campaigns()["search"].purpose) == ("search", "")


def test_its_texts_may_be_translated_later(declared):
    declared.METRIC_COLLECTION_CAMPAIGNS = {"search": daily(title=gettext_lazy("Yes"))}
    with override("de"):
        assert campaigns()["search"].title == "Ja"
