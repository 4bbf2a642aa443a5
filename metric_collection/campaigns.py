"""The campaigns that the publisher declares in METRIC_COLLECTION_CAMPAIGNS; each stands or falls alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise

from .cleaninsights.campaigns import Campaign
from .cleaninsights.exceptions import ConfigurationError
from .cleaninsights.payload import clean
from .conf.settings import conf

LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A campaign and what the operator reads about it; without a title, its id."""

    id: str
    campaign: Campaign
    title: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The campaigns that can run, by id, and what is wrong with the others."""

    campaigns: Mapping[str, Declared]
    refused: tuple[ConfigurationError, ...]


def declaration() -> Declaration:
    """Read the setting."""
    campaigns: dict[str, Declared] = {}
    refused: list[ConfigurationError] = []
    for campaign_id, found in conf.CAMPAIGNS.items():
        try:
            campaigns[campaign_id] = declared(campaign_id, found)
        except ConfigurationError as error:
            refused.append(error)
    return Declaration(campaigns=campaigns, refused=tuple(refused))


def campaigns() -> Mapping[str, Declared]:
    """Return the campaigns that can run, by id."""
    return declaration().campaigns


def declared(campaign_id: str, found: Any) -> Declared:
    """Read one campaign, or raise ConfigurationError with the path of what is wrong."""
    if len(campaign_id) > LONGEST_ID or not campaign_id.isprintable():
        expected = f"at most {LONGEST_ID} characters that can be printed"
        raise ConfigurationError("id", campaign_id, expected)
    if not isinstance(found, Mapping):
        raise ConfigurationError(campaign_id, found, "an object")
    rest = dict(found)
    try:
        title, purpose = text(rest, "title") or campaign_id, text(rest, "purpose")
        campaign = Campaign.from_dict(rest)
    except ConfigurationError as error:
        raise error.below(campaign_id) from None
    return Declared(id=campaign_id, campaign=campaign, title=title, purpose=purpose)


def text(rest: dict[str, Any], key: str) -> str:
    """Take what the operator reads out of a campaign, "" if it is not there."""
    value = rest.pop(key, "")
    if isinstance(value, Promise | str):
        return clean(str(value))
    raise ConfigurationError(key, value, "a text")
