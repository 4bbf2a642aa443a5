"""The campaigns that the publisher declares in METRIC_COLLECTION_CAMPAIGNS; an invalid one costs itself alone."""

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
class CampaignDeclaration:
    """A campaign, with a title and a purpose for operators; the title defaults to the id."""

    id: str
    campaign: Campaign
    title: str
    purpose: str

    @property
    def token(self) -> str:
        """Its entry among the disclosed names; no name of a fact contains a tab."""
        return f"campaign\t{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The valid campaigns by id, and the errors of the others."""

    campaigns: Mapping[str, CampaignDeclaration]
    refused: tuple[ConfigurationError, ...]


def declaration() -> Declaration:
    """Read the setting."""
    campaigns: dict[str, CampaignDeclaration] = {}
    refused: list[ConfigurationError] = []
    for campaign_id, found in conf.CAMPAIGNS.items():
        try:
            campaigns[campaign_id] = declared_campaign(campaign_id, found)
        except ConfigurationError as error:
            refused.append(error)
    return Declaration(campaigns=campaigns, refused=tuple(refused))


def campaigns() -> Mapping[str, CampaignDeclaration]:
    """Return the valid campaigns by id."""
    return declaration().campaigns


def declared_campaign(campaign_id: str, found: Any) -> CampaignDeclaration:
    """Read one campaign, or raise ConfigurationError with the path of the invalid key.

    Every database has to store ids and tell them apart.
    """
    is_padded = campaign_id != campaign_id.strip()  # MariaDB ignores spaces at the end
    if len(campaign_id) > LONGEST_ID or not campaign_id.isprintable() or is_padded:
        expected = f"at most {LONGEST_ID} printable characters, without spaces around them"
        raise ConfigurationError("id", campaign_id, expected)
    if not isinstance(found, Mapping):
        raise ConfigurationError(campaign_id, found, "an object")
    rest = dict(found)
    try:
        title, purpose = text(rest, "title") or campaign_id, text(rest, "purpose")
        campaign = Campaign.from_dict(rest)
    except ConfigurationError as error:
        raise error.below(campaign_id) from None
    return CampaignDeclaration(id=campaign_id, campaign=campaign, title=title, purpose=purpose)


def text(rest: dict[str, Any], key: str) -> str:
    """Remove a string that operators read from a campaign and return it, "" if there is none."""
    value = rest.pop(key, "")
    if isinstance(value, Promise | str):
        return clean(str(value))
    raise ConfigurationError(key, value, "a string")
