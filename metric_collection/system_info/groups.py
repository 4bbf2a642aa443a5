"""The groups of facts, one for each kind of probe, and the switch of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

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
    """A fact with its value; without a value it is not sent, for the reason given."""

    fact: Fact
    value: str
    reason: str = ""
    has_own_purpose: bool = False

    @property
    def words(self) -> list[str]:
        """The description, how the value is made less exact, and the purpose if the group has several."""
        purpose = self.fact.purpose if self.has_own_purpose else ""
        words = (self.fact.description, self.fact.coarsened, purpose)
        return [gettext(each) for each in words if each]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Facts that are declined together."""

    id: str
    title: str
    purpose: str  # of all its facts; "" if they have several
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
    def lines(self) -> str:
        """Names and values, one fact on each line."""
        return "\n".join(f"{each.fact.name} {each.value or each.reason}" for each in self.facts)

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


def groups(
    consent: Consent,
    gathered: Gathered | None = None,
    *,
    sent: Mapping[str, str] = MappingProxyType({}),
) -> list[Group]:
    """List everything that can be sent, by group, with the values that were gathered, if any.

    `sent` holds the values of the next report, which take precedence: some depend on when it is made.
    """
    by_group: dict[str, list[tuple[Probe, Fact]]] = {}
    for probe, fact in registry.declared():
        by_group.setdefault(group_of(probe), []).append((probe, fact))
    names = [fact.name for pairs in by_group.values() for _probe, fact in pairs]
    reasons = {
        name: gettext("not known here: %(reason)s") % {"reason": gettext(reason)}
        for name, reason in (gathered.unknown if gathered else {}).items()
        if reason
    }
    reasons.update(dict.fromkeys(held_back(names, consent), str(HELD_BACK.get(conf.CONSENT, ""))))
    texts = {**(gathered.facts if gathered else {}), **sent}
    return [
        group_with(id_, pairs, texts, reasons, is_on=id_ not in consent.declined_groups)
        for id_, pairs in by_group.items()
    ]


def group_with(
    id_: str,
    pairs: Sequence[tuple[Probe, Fact]],
    texts: Mapping[str, str],
    reasons: Mapping[str, str],
    *,
    is_on: bool,
) -> Group:
    """Make a group of its facts, with the values that are sent and the reasons of the others."""
    probe, first = pairs[0]
    purposes = {fact.purpose for _probe, fact in pairs}
    facts = [
        SharedFact(
            fact=fact,
            value="" if fact.name in reasons else texts.get(fact.name, ""),
            reason=reasons.get(fact.name) or gettext("no value, not sent"),
            has_own_purpose=len(purposes) > 1,
        )
        for _probe, fact in pairs
    ]
    return Group(
        id=id_,
        title=gettext(heading_of(type(probe))),
        # Of "", gettext would return the header of the catalog.
        purpose=gettext(first.purpose) if len(purposes) == 1 and first.purpose else "",
        facts=facts,
        is_on=is_on,
        is_modules=isinstance(probe, Modules),
    )
