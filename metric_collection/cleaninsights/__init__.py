"""Clean Insights for Python: aggregates of finished periods, sent with consent and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .campaigns import Campaign as Campaign
    from .campaigns import EventAggregationRule as EventAggregationRule
    from .client import CleanInsights as CleanInsights
    from .config import Configuration as Configuration
    from .consents import ConsentState as ConsentState
    from .consents import Feature as Feature
    from .datapoints import Event as Event
    from .datapoints import Visit as Visit
    from .exceptions import CleanInsightsError as CleanInsightsError
    from .exceptions import ConfigurationError as ConfigurationError
    from .exceptions import PayloadError as PayloadError
    from .exceptions import StoreError as StoreError
    from .exceptions import TransportError as TransportError
    from .filestore import FileStore as FileStore
    from .stores import MemoryStore as MemoryStore
    from .stores import Store as Store
    from .transport import RequestsTransport as RequestsTransport
    from .transport import Transport as Transport

_HOMES: Final = {
    "Campaign": "campaigns",
    "CleanInsights": "client",
    "CleanInsightsError": "exceptions",
    "Configuration": "config",
    "ConfigurationError": "exceptions",
    "ConsentState": "consents",
    "Event": "datapoints",
    "EventAggregationRule": "campaigns",
    "Feature": "consents",
    "FileStore": "filestore",
    "MemoryStore": "stores",
    "PayloadError": "exceptions",
    "RequestsTransport": "transport",
    "Store": "stores",
    "StoreError": "exceptions",
    "Transport": "transport",
    "TransportError": "exceptions",
    "Visit": "datapoints",
}

__all__ = [*_HOMES]  # noqa: PLE0604  its keys are strings


def __getattr__(name: str) -> Any:
    """Import a name's module when the name is first used: each part can be had alone."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
