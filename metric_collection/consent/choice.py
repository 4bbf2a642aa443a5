"""The operator's choice for everything and for each group of facts, and the names disclosed before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..campaigns import campaigns
from ..cleaninsights.datapoints import Event
from ..conf.settings import Mode, conf
from ..models import CampaignConsent, Consent
from ..models.transactions import held
from ..outbox import discard_undelivered, hour_of, keep_facts, seal
from ..probes import registry
from ..probes.probe import group_of
from .announcements import announce
from .campaigns import may_all_count
from .rules import WITHDRAWN, Ruling, ruling, valid_choice


def names_to_tell(consent: Consent) -> dict[str, str]:
    """Return everything that can be sent from here: name -> how operators read it.

    That is the facts of groups not declined, and the campaigns, whose titles may be translated.
    """
    facts = registry.declared(declined=consent.declined_groups)
    names = {fact.name: fact.name for _probe, fact in facts}
    return names | {declared.token: declared.title for declared in campaigns().values()}


def undisclosed(names: Iterable[str], consent: Consent) -> list[str]:
    """Return the names that have not been disclosed yet, in their order."""
    disclosed = set(consent.disclosed)
    return [name for name in names if name not in disclosed]


def unanswered(names: Iterable[str], consent: Consent) -> list[str]:
    """Return the names that no answer covers yet, disclosed or not, in their order."""
    answered = set(consent.disclosed).difference(consent.unanswered)
    return [name for name in names if name not in answered]


def held_back(
    names: Iterable[str], consent: Consent, *, now: datetime | None = None
) -> frozenset[str]:
    """Return the facts that the operator's consent does not cover yet.

    In opt-in mode a yes covers the facts that its question listed; in notice mode facts are held back until
    a notice lists them. Before the first yes or notice nothing is sent, so there is nothing to hold back.
    """
    if conf.CONSENT is Mode.NOTICE:
        is_answered = bool(consent.notice_shown_at or consent.decided_at)
    else:
        is_granted = valid_choice(consent, now=now) == Consent.Choice.GRANTED
        is_answered = conf.CONSENT is Mode.OPT_IN and is_granted
    return frozenset(undisclosed(names, consent)) if is_answered else frozenset()


def disclose(consent: Consent | None = None, *, now: datetime) -> None:
    """Record that a superuser has seen the notice, with everything that it lists.

    Only a yes discloses anything in opt-in mode. This is a single statement as it runs within a request;
    two processes at once write the same.
    """
    consent = consent or Consent.objects.current()
    shown: dict[str, object] = {"notice_shown_at": consent.notice_shown_at or now}
    if conf.CONSENT is not Mode.OPT_IN:
        names = names_to_tell(consent)
        shown["disclosed"] = sorted({*consent.disclosed, *names})
        shown["unanswered"] = unanswered(names, consent)
        if not may_all_count(consent, now=now):
            shown["allowed_since"] = now
    if consent._state.adding:
        Consent.objects.bulk_create([Consent(**shown)], ignore_conflicts=True)
    else:
        Consent.objects.filter(pk=1).update(**shown)


def postpone(until: datetime, *, now: datetime) -> None:
    """Hide the notice until then (*Later*). It counts as shown: what is not on it is new."""
    consent = Consent.objects.current()
    if valid_choice(consent, now=now) == Consent.Choice.UNKNOWN:
        disclose(consent, now=now)
    Consent.objects.filter(pk=1).update(notice_postponed_until=until)


def choose(choice: Consent.Choice, *, now: datetime) -> Consent.Choice:
    """Save the operator's choice and return the previous one.

    A yes covers every fact and campaign that can be sent now; a no deletes all unsent data.
    """
    with held() as consent:
        # The ruling before the change decides whether the event of an opt-out may still be sent.
        before, allowed = valid_choice(consent, now=now), ruling(consent, now=now)
        if choice == Consent.Choice.GRANTED:
            # Campaigns whose windows are over begin new ones.
            over = CampaignConsent.objects.filter(end__lt=now).exclude(choice=Consent.Choice.DENIED)
            renewed, _ = over.delete()
            if renewed or not may_all_count(consent, now=now):
                consent.allowed_since = now
        consent.choice, consent.decided_at, consent.notice_postponed_until = choice, now, None
        consent.disclosed = sorted({*consent.disclosed, *names_to_tell(consent)})
        consent.unanswered = []
        consent.save()
        if choice == before == Consent.Choice.DENIED:
            # A restored database may have brought reports back; the event of the first no stays.
            discard_undelivered(keep=WITHDRAWN)
        elif choice == Consent.Choice.DENIED:
            withdraw(allowed, now=now)
        announce(choice, before)
    return before


def groups() -> list[str]:
    """Return the groups of facts that can be declined, one for each kind of probe, in their order."""
    return list(dict.fromkeys(group_of(probe) for probe, _fact in registry.declared()))


def choose_group(group: str, choice: Consent.Choice) -> Consent.Choice:
    """Save the operator's choice for one group of facts and return the previous one; KeyError if unknown.

    Facts of a declined group are neither gathered nor sent. Queued reports are cut down to the facts that
    the other groups declare now.
    """
    with held() as consent:
        declined = set(consent.declined_groups)
        # A declined group can be accepted even if its probe is no longer configured.
        if group not in {*groups(), *declined}:
            raise KeyError(group)
        before = Consent.Choice.DENIED if group in declined else Consent.Choice.GRANTED
        if choice == Consent.Choice.DENIED:
            declined.add(group)
            keep_facts(fact.name for _probe, fact in registry.declared(declined=declined))
        else:
            declined.discard(group)
            accepted = [
                fact.name for probe, fact in registry.declared() if group_of(probe) == group
            ]
            consent.disclosed = sorted({*consent.disclosed, *accepted})
        consent.declined_groups = sorted(declined)
        consent.save()
        announce(choice, before, group=group)
    return before


def withdraw(allowed: Ruling, *, now: datetime) -> None:
    """Delete unsent data; queue the one event of METRIC_COLLECTION_REPORT_OPT_OUT, which the page announces."""
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
