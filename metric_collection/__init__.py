"""Telemetry for self-hosted Django products that their operators can read, trust and switch off."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .measuring.meter import measure_event as measure_event
    from .measuring.meter import measure_visit as measure_visit

__version__ = "1.0.0"
__all__ = ["measure_event", "measure_visit"]


def __getattr__(name: str) -> Any:
    """Import what measures when it is first asked for: a product that measures nothing does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".measuring.meter", __name__), name)
