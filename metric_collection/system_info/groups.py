"""The groups of facts, one for each kind of probe, and the switch of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ..conf.settings import Mode, conf
from ..consent.choice import held_back
from ..models import Consent
from ..probes import registry
from ..probes.modules import Modules
from ..probes.probe import Fact, Probe, group_of, heading_of
from ..probes.registry import Gathered

HELD_BACK = {
    Mode.NOTICE: _("new, not sent before a superuser has seen the notice"),
    Mode.OPT_IN: _("new, not sent before a superuser agrees"),
}
FOLDED = 12  # facts; of a larger group only the number is shown until it is opened


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFact:
    """A fact with its value; without one it is not sent, for the reason given."""

    fact: Fact
    value: str
    reason: str = ""
    has_own_purpose: bool = False

    @property
    def words(self) -> list[str]:
        """What the fact is, how its value is made less exact, and its purpose if the group has several."""
        purpose = self.fact.purpose if self.has_own_purpose else ""
        words = (self.fact.description, self.fact.coarsened, purpose)
        return [gettext(each) for each in words if each]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Facts that are declined together."""

    id: str
    title: str
    facts: Sequence[SharedFact]
    is_on: bool
    is_modules: bool

    @property
    def names(self) -> list[str]:
        return [shared.fact.name for shared in self.facts]

    @property
    def listed(self) -> str:
        """The names of its facts, or their number if there are many."""
        return self.gist if self.is_folded else ", ".join(self.names)

    @property
    def purpose(self) -> str:
        """The purpose of all its facts; "" if they have several."""
        purposes = {shared.fact.purpose for shared in self.facts}
        return gettext(purposes.pop()) if len(purposes) == 1 and any(purposes) else ""

    @property
    def is_folded(self) -> bool:
        return len(self.facts) > FOLDED

    @property
    def gist(self) -> str:
        """How many facts there are."""
        number = len(self.facts)
        if self.is_modules:
            words = ngettext("%(number)d module", "%(number)d modules", number)
        else:
            words = ngettext("%(number)d fact", "%(number)d facts", number)
        return words % {"number": number}


def groups(consent: Consent, gathered: Gathered | None = None) -> list[Group]:
    """List everything that can be sent, by group; with the values that were gathered, if any."""
    by_group: dict[str, list[tuple[Probe, Fact]]] = {}
    for probe, fact in registry.declared():
        by_group.setdefault(group_of(probe), []).append((probe, fact))
    names = [fact.name for pairs in by_group.values() for _probe, fact in pairs]
    withheld = held_back(names, consent)
    return [
        Group(
            id=group,
            title=gettext(heading_of(type(pairs[0][0]))),
            facts=[
                SharedFact(
                    fact=fact,
                    value="" if fact.name in withheld else value_of(fact.name, gathered),
                    reason=reason_of(fact.name, withheld, gathered),
                    has_own_purpose=len({each.purpose for _probe, each in pairs}) > 1,
                )
                for _probe, fact in pairs
            ],
            is_on=group not in consent.declined_groups,
            is_modules=isinstance(pairs[0][0], Modules),
        )
        for group, pairs in by_group.items()
    ]


def value_of(name: str, gathered: Gathered | None) -> str:
    return gathered.facts.get(name, "") if gathered else ""


def reason_of(name: str, withheld: frozenset[str], gathered: Gathered | None) -> str:
    """Why a fact is not sent, if it is not."""
    if name in withheld:
        return str(HELD_BACK[conf.CONSENT])
    reason = gathered.unknown.get(name, "") if gathered else ""
    return (
        gettext("not known here: %(reason)s") % {"reason": gettext(reason)}
        if reason
        else gettext("no value, not sent")
    )
