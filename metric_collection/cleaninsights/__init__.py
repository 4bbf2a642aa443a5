"""A Clean Insights SDK for Python: privacy-preserving measurement, aggregated per period, with consent."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .answer import Answer as Answer
    from .backoff import Backoff as Backoff
    from .campaigns import Campaign as Campaign
    from .campaigns import EventAggregationRule as EventAggregationRule
    from .campaigns import Period as Period
    from .client import CleanInsights as CleanInsights
    from .clock import Clock as Clock
    from .config import Configuration as Configuration
    from .consents import Consent as Consent
    from .consents import ConsentState as ConsentState
    from .consents import Feature as Feature
    from .datapoints import DataPoint as DataPoint
    from .datapoints import Event as Event
    from .datapoints import Visit as Visit
    from .exceptions import CleanInsightsError as CleanInsightsError
    from .exceptions import ConfigurationError as ConfigurationError
    from .exceptions import ConnectionFailed as ConnectionFailed
    from .exceptions import MeasurementError as MeasurementError
    from .exceptions import PayloadError as PayloadError
    from .exceptions import ProxyFailed as ProxyFailed
    from .exceptions import RequestInvalid as RequestInvalid
    from .exceptions import StoreError as StoreError
    from .exceptions import TimedOut as TimedOut
    from .exceptions import TLSFailed as TLSFailed
    from .exceptions import TransportError as TransportError
    from .filestore import FileStore as FileStore
    from .stores import Batch as Batch
    from .stores import MemoryStore as MemoryStore
    from .stores import Pack as Pack
    from .stores import Store as Store
    from .transport import RequestsTransport as RequestsTransport
    from .transport import Transport as Transport

_HOMES: Final = {
    "Answer": "answer",
    "Backoff": "backoff",
    "Batch": "stores",
    "Campaign": "campaigns",
    "CleanInsights": "client",
    "CleanInsightsError": "exceptions",
    "Clock": "clock",
    "Configuration": "config",
    "ConfigurationError": "exceptions",
    "ConnectionFailed": "exceptions",
    "Consent": "consents",
    "ConsentState": "consents",
    "DataPoint": "datapoints",
    "Event": "datapoints",
    "EventAggregationRule": "campaigns",
    "Feature": "consents",
    "FileStore": "filestore",
    "MeasurementError": "exceptions",
    "MemoryStore": "stores",
    "Pack": "stores",
    "PayloadError": "exceptions",
    "Period": "campaigns",
    "ProxyFailed": "exceptions",
    "RequestInvalid": "exceptions",
    "RequestsTransport": "transport",
    "Store": "stores",
    "StoreError": "exceptions",
    "TLSFailed": "exceptions",
    "TimedOut": "exceptions",
    "Transport": "transport",
    "TransportError": "exceptions",
    "Visit": "datapoints",
}

__all__ = [*_HOMES]  # noqa: PLE0604  its keys are strings


def __getattr__(name: str) -> Any:
    """Import a name's module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
