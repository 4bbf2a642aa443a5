"""The contents of the dictionary: each declared fact, and whether it is sent at present."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..campaigns import CampaignDeclaration, campaigns
from ..consent.choice import held_back
from ..consent.rules import Ruling, ruling
from ..models import Consent, Snapshot
from ..probes import registry
from ..probes.probe import Fact, Probe, group_of, name_of
from ..probes.registry import Gathered
from ..recorders.recorder import Recorder
from ..recorders.registry import declaration
from ..reporting.collection import is_more_wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A fact and the probe that declares it; `is_sent` is None if no machine was looked at."""

    fact: Fact
    probe: type[Probe]
    source: str
    is_sent: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """Everything that a product can send; `state` is whether this machine sends anything.

    Each recorder is listed with the title of its campaign.
    """

    entries: Sequence[Entry]
    campaigns: Sequence[CampaignDeclaration]
    recorders: Sequence[tuple[Recorder, str]] = ()
    state: str = ""


def as_declared() -> Dictionary:
    """Describe the facts that the settings declare, without values of this machine."""
    entries = [
        Entry(fact=fact, probe=type(probe), source=name_of(probe))
        for probe, fact in registry.declared()
    ]
    declared = campaigns()
    recorders = [
        (recorder, declared[recorder.campaign].title)
        for recorder in declaration().recorders.values()
        if recorder.campaign in declared
    ]
    return Dictionary(entries=entries, campaigns=list(declared.values()), recorders=recorders)


def as_found_here() -> Dictionary:
    """Describe them with the values of this machine as examples, and whether each is sent at present."""
    consent, dictionary = Consent.objects.current(), as_declared()
    gathered, allowed = registry.gather(declined=consent.declined_groups), ruling(consent)
    texts = gathered.facts
    reasons = reasons_not_to_send(dictionary.entries, gathered, consent, allowed)
    entries = [
        replace(
            entry,
            fact=replace(entry.fact, example=texts.get(entry.fact.name, entry.fact.example)),
            is_sent=entry.fact.name not in reasons,
            reason=reasons.get(entry.fact.name, ""),
        )
        for entry in dictionary.entries
    ]
    return replace(dictionary, entries=entries, state=allowed.sentence)


def reasons_not_to_send(
    entries: Sequence[Entry], gathered: Gathered, consent: Consent, allowed: Ruling
) -> dict[str, str]:
    """Return fact name -> reason for the facts that are not sent at present; "" if none is sent."""
    names = [entry.fact.name for entry in entries]
    if not allowed.sends:
        return dict.fromkeys(names, "")
    if not is_more_wanted(Snapshot.objects.current()):
        return dict.fromkeys(names, "no further report is planned")
    unknown = {}
    for name in names:
        if name not in gathered.facts:
            reason = gathered.unknown.get(name)
            unknown[name] = f"not known here, because {reason}" if reason else "not known here"
    declined = [e.fact.name for e in entries if group_of(e.probe) in consent.declined_groups]
    return {  # the last reason counts: a declined group is not gathered, so that its facts are unknown too
        **unknown,
        **dict.fromkeys(held_back(names, consent), "held back until consent covers it"),
        **dict.fromkeys(declined, "this group of facts was declined"),
    }
