"""The tables: sites, arrivals, counts, publications. All moments are UTC."""

from .arrival import SET_ASIDE, Arrival, Receipt
from .digests import digest
from .facts import Fact, Value
from .numbers import Cell, Pair, Period, Span
from .operations import Alarm, Forwarding, Hour, Import, Lateness, Refusal, Work
from .publication import Publication
from .site import LARGEST_ID, Site
from .usage import Spread, Usage, UsageName

__all__ = [
    "LARGEST_ID",
    "SET_ASIDE",
    "Alarm",
    "Arrival",
    "Cell",
    "Fact",
    "Forwarding",
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
