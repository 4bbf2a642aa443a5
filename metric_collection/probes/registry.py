"""All probes of this installation: their declarations and their facts. Each fails alone."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, TypeVar

from django.utils.module_loading import import_string

from ..cleaninsights.payload import sendable
from ..conf.settings import conf
from .counts import Counts
from .facts import Facts
from .first_report import FirstReport
from .installation import Installation
from .libraries import Libraries
from .modules import Modules
from .operating_system import OperatingSystem
from .probe import Compared, Fact, Probe, Unknown, group_of, name_of
from .product import Product
from .queries.savepoints import savepoints
from .values.interrupting import without_exit
from .values.text import plain_text, public_version

# In this order: a name belongs to the first probe that declares it.
DEFAULT_PROBES: tuple[type[Probe], ...] = (
    Product,
    Modules,
    Libraries,
    OperatingSystem,
    Installation,
    FirstReport,
)
FAILED = "gathering it failed; the log has the error"
T = TypeVar("T")
logger = logging.getLogger(__name__)
_logged: set[tuple[str, ...]] = set()  # by this process


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The value of a fact as a string, and the probe that it came from; if "" there may be a reason."""

    fact: Fact
    text: str
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The known facts in order, by name.

    ``unknown`` has fact name -> reason, or "", for the facts without a value. The facts of ``failed``
    probes are unknown this time only; they are not gone.
    """

    readings: Mapping[str, Reading]
    unknown: Mapping[str, str] = field(default_factory=dict)
    failed: Sequence[str] = ()

    @property
    def facts(self) -> dict[str, str]:
        """Fact name -> text."""
        return {name: reading.text for name, reading in self.readings.items()}

    @property
    def reasons(self) -> list[str]:
        """The facts without a value whose probe says why, each with its reason."""
        return [f"{name} ({reason})" for name, reason in self.unknown.items() if reason]

    @property
    def compared(self) -> dict[str, Compared]:
        """Fact name -> which changes of it are an Upgrade."""
        return {name: reading.fact.compared for name, reading in self.readings.items()}


def probes(*, declined: Collection[str] = ()) -> list[Probe]:
    """The default probes, the facts and counts of the settings, then the probes of the settings.

    Groups in ``declined`` are left out, here as in ``declared`` and ``gather``.
    """
    found: list[Probe] = [make() for make in DEFAULT_PROBES]
    found += [Facts(name, entry) for name, entry in conf.FACTS.items()]
    found += [Counts(name, entry) for name, entry in conf.COUNTS.items()]
    for path, options in conf.PROBES:
        try:
            found.append(load(path, options))
        except Exception as error:  # noqa: BLE001  a publisher's module may raise anything
            complain("Probe %s cannot be loaded: %s", path, type(error).__name__)
    return [probe for probe in found if group_of(probe) not in declined]


def load(path: str, options: Mapping[str, Any]) -> Probe:
    """The probe at a dotted path: an instance, or a class that is called with these options."""
    with without_exit():
        found = import_string(path)
        probe: Probe = found(**options) if callable(found) else found
    return probe


def selected(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts that the publisher selects; none if no report is sent that they could be part of."""
    wanted = conf.SELECTION if conf.CATEGORIES else ()
    return [fact for fact in facts if any(fnmatchcase(fact.name, pattern) for pattern in wanted)]


def declared(*, declined: Collection[str] = ()) -> list[tuple[Probe, Fact]]:
    """Every fact that can be sent from here, with its probe; a name belongs to its first probe."""
    return _declared(probes(declined=declined))


def _declared(probes: Sequence[Probe]) -> list[tuple[Probe, Fact]]:
    owned: dict[str, tuple[Probe, Fact]] = {}
    for probe, facts in _answers(probes, lambda probe: list(probe.facts)):
        for fact in selected(facts or ()):
            owned.setdefault(fact.name, (probe, fact))
    return list(owned.values())


def gather(*, declined: Collection[str] = ()) -> Gathered:
    """Gather the facts of every probe; a name belongs to the first probe that declares it."""
    readings: dict[str, Reading] = {}
    unknown: dict[str, str] = {}
    failed: list[str] = []
    for probe, found in _answers(probes(declined=declined), _readings):
        if found is None:
            failed.append(name_of(probe))
            unknown.update((fact.name, FAILED) for _, fact in _declared([probe]))
        for reading in found or ():
            first = readings.setdefault(reading.fact.name, reading)
            if first is not reading:
                name = reading.fact.name
                complain("Probe %s declares %s, which %s has", reading.source, name, first.source)
    known = {name: reading for name, reading in readings.items() if reading.text}
    unknown |= {name: each.reason for name, each in readings.items() if not each.text}
    return Gathered(readings=known, unknown=unknown, failed=failed)


def known_to(probe: Probe) -> dict[str, str]:
    """Fact name -> text of one probe, selected or not: for the operator's own eyes."""
    [(_, readings)] = _answers([probe], partial(_readings, wanted=list))
    return {reading.fact.name: reading.text for reading in readings or () if reading.text}


def _answers(
    probes: Sequence[Probe], question: Callable[[Probe], T]
) -> list[tuple[Probe, T | None]]:
    """Each probe with its answer; None if it failed."""
    answers: list[tuple[Probe, T | None]] = []
    with savepoints() as roll_back:
        for probe in probes:
            try:
                with without_exit():
                    answers.append((probe, question(probe)))
            except Exception as error:  # noqa: BLE001  a publisher's probe may raise anything
                roll_back()
                complain("Probe %s failed with %s", name_of(probe), type(error).__name__)
                answers.append((probe, None))
    return answers


def _readings(
    probe: Probe, *, wanted: Callable[[Iterable[Fact]], list[Fact]] = selected
) -> list[Reading]:
    """The readings of the wanted facts; a probe without any is not asked at all."""
    declared = {fact.name: fact for fact in probe.facts}
    facts = wanted(declared.values())
    if declared and not facts:
        return []
    source = name_of(probe)
    values = {sendable(name): value for name, value in probe.gather().items()}
    for name in values.keys() - declared.keys():
        complain("Probe %s gathered %s without declaring it: dropped", source, name)
    readings = []
    for fact in facts:
        value, text, reason = values.get(fact.name), "", ""
        try:
            if isinstance(value, Unknown):
                reason = value.reason
            else:
                text = plain_text(value)
        except TypeError as error:
            complain("Probe %s has no text for %s: %s", source, fact.name, str(error))
        # The local part of any version, which may name a private build, whatever the probe says.
        if fact.compared is Compared.VERSION or fact.name.lower().endswith("version"):
            text = public_version(text)
        readings.append(Reading(fact=fact, text=text, source=source, reason=reason))
    return readings


def complain(message: str, *names: str) -> None:
    """Log a warning, the second time at DEBUG. It never contains a gathered value."""
    complaint = (message, *names)
    level = logging.DEBUG if complaint in _logged else logging.WARNING
    _logged.add(complaint)
    logger.log(level, message, *names)
