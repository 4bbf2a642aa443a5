"""The tables: sites, arrivals, counts, publications. All moments are UTC."""

from .arrival import SET_ASIDE, Arrival, Receipt
from .digests import digest
from .facts import Fact, Value
from .numbers import Cell, Pair, Period, Span
from .operations import Hour, Import, Lateness, Refusal, Work
from .publication import Publication
from .site import Site
from .usage import Spread, Usage, UsageName

__all__ = [
    "SET_ASIDE",
    "Arrival",
    "Cell",
    "Fact",
    "Hour",
    "Import",
    "Lateness",
    "Pair",
    "Period",
    "Publication",
    "Receipt",
    "Refusal",
    "Site",
    "Span",
    "Spread",
    "Usage",
    "UsageName",
    "Value",
    "Work",
    "digest",
]
