"""The tables: what the operator chose, what was last seen here, and the reports with what came of them."""

from .consent import CampaignConsent, Consent
from .fields import InstantField, MomentField
from .measurement import CountedJournal, Measurement, digest_of
from .report import HANDFUL, LARGEST_KEY, USAGE, Report
from .sighting import Sighting
from .snapshot import Change, Snapshot

__all__ = [
    "HANDFUL",
    "LARGEST_KEY",
    "USAGE",
    "CampaignConsent",
    "Change",
    "Consent",
    "CountedJournal",
    "InstantField",
    "Measurement",
    "MomentField",
    "Report",
    "Sighting",
    "Snapshot",
    "digest_of",
]
