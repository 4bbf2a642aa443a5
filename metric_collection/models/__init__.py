"""The tables: consent, the snapshot, measurements, and the reports with their outcomes."""

from .consent import CampaignConsent, Consent
from .fields import InstantField, MomentField
from .measurement import CountedJournal, Measurement, digest_of
from .report import HANDFUL, USAGE, Report
from .sighting import Sighting
from .snapshot import Change, Snapshot

__all__ = [
    "HANDFUL",
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
