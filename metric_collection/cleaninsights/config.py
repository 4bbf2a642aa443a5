"""The configuration shared by all Clean Insights SDKs: cleaninsights.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from .campaigns import Campaign, EventAggregationRule
from .exceptions import ConfigurationError
from .keys import BOOLEAN, URL, Keyed, Kind, number, whole_number

__all__ = ["Campaign", "Configuration", "EventAggregationRule"]


def _campaigns(found: Any) -> Mapping[str, Campaign]:
    if not isinstance(found, Mapping) or not found:
        raise TypeError
    campaigns = {}
    for name, value in found.items():
        campaign = value
        if not isinstance(campaign, Campaign):
            if not isinstance(value, Mapping):
                raise ConfigurationError(str(name), value, "an object")
            try:
                campaign = Campaign.from_dict(value)
            except ConfigurationError as error:
                raise error.below(str(name)) from None
        campaigns[name] = campaign
    return MappingProxyType(campaigns)


_COUNT: Final = whole_number("a whole number >= 1", 1)
_SECONDS: Final = number("a number of seconds > 0 and <= 1e9", lambda seconds: 0 < seconds <= 1e9)
_DAYS: Final = number("a number of days >= 0", lambda days: days >= 0)
_CAMPAIGNS: Final = Kind(expected="an object with at least one campaign", read=_campaigns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Keyed):
    """The configuration; timeouts and delays in seconds, ages in days."""

    server: str = field(metadata=URL)
    site_id: int = field(metadata=_COUNT)
    campaigns: Mapping[str, Campaign] = field(metadata=_CAMPAIGNS)
    timeout: float = field(metadata=_SECONDS, default=5)
    max_retry_delay: float = field(metadata=_SECONDS, default=3600)
    max_age_of_old_data: float = field(metadata=_DAYS, default=100)
    persist_every_n_times: int = field(metadata=_COUNT, default=10)
    server_side_anonymous_usage: bool = field(metadata=BOOLEAN, default=False)
    debug: bool = field(metadata=BOOLEAN, default=False)

    @classmethod
    def from_file(cls, path: str | Path) -> Configuration:
        """Read a cleaninsights.json."""
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise ConfigurationError(str(path), error, "a file that can be read") from error
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(str(path), error, "JSON in UTF-8") from error
