"""The operator's choice: what was disclosed, a yes or a no, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..campaigns import campaigns
from ..cleaninsights.datapoints import Event
from ..conf.settings import Mode, conf
from ..models import Consent
from ..models.transactions import held
from ..outbox import discard_undelivered, hour_of, seal
from ..probes import registry
from .rules import WITHDRAWN, Ruling, ruling


def names_to_tell() -> list[str]:
    """List everything that can be sent from here: the probes' facts, and the titles of campaigns."""
    facts = [fact.name for _probe, fact in registry.declared()]
    return [*facts, *(declared.title for declared in campaigns().values())]


def undisclosed(names: Iterable[str], consent: Consent) -> list[str]:
    """List what no operator has been told of yet, in its own order."""
    disclosed = set(consent.disclosed)
    return [name for name in names if name not in disclosed]


def held_back(names: Iterable[str], consent: Consent) -> frozenset[str]:
    """Name the facts to leave out: those added since the last disclosure, but for opt-out mode."""
    told = consent.notice_shown_at or consent.decided_at
    if conf.CONSENT is Mode.OPT_OUT or told is None:
        return frozenset()
    return frozenset(undisclosed(names, consent))


def disclose(consent: Consent | None = None, *, now: datetime) -> None:
    """Remember that a superuser has been shown the notice, with every fact that there is now.

    One statement, as it happens within a request. Of two processes at once one may be the last to
    write; both write the same.
    """
    consent = consent or Consent.objects.current()
    shown = {
        "notice_shown_at": consent.notice_shown_at or now,
        "disclosed": sorted({*consent.disclosed, *names_to_tell()}),
    }
    if consent._state.adding:
        Consent.objects.bulk_create([Consent(**shown)], ignore_conflicts=True)
    else:
        Consent.objects.filter(pk=1).update(**shown)


def choose(choice: Consent.Choice, *, now: datetime) -> Consent.Choice:
    """Write the operator's choice and return the one before; a no deletes all that has not left."""
    with held() as consent:
        before, allowed = Consent.Choice(consent.choice), ruling(consent)
        consent.choice, consent.decided_at = choice, now
        consent.disclosed = sorted({*consent.disclosed, *names_to_tell()})
        consent.save()
        if choice == Consent.Choice.DENIED and before != choice:
            withdraw(allowed, now=now)
    return before


def withdraw(allowed: Ruling, *, now: datetime) -> None:
    """Delete what has not left; queue the one event that the publisher asked for and the page announces."""
    discard_undelivered()
    if conf.REPORT_OPT_OUT and allowed.sends:
        hour = hour_of(now)
        event = Event(
            category=WITHDRAWN,
            action="Action",
            name="Opt-out",
            value=1,
            period_start=hour,
            period_end=hour,
        )
        seal([event], category=WITHDRAWN, now=now)
