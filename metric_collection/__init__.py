"""Telemetry for self-hosted Django products that their operators can read, trust and switch off."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"
__all__ = ["flush", "measure_event", "measure_visit"]

if TYPE_CHECKING:
    from .measuring import flush as flush
    from .measuring.meter import measure_event as measure_event
    from .measuring.meter import measure_visit as measure_visit
else:  # hidden from type checkers, or a misspelt name would pass

    def __getattr__(name: str) -> Any:
        """Import the meter on first use, so that a product that measures nothing never loads it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = ".measuring" if name == "flush" else ".measuring.meter"
        return getattr(import_module(home, __name__), name)
