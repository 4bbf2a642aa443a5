"""The recorders in METRIC_COLLECTION_RECORDERS; an invalid one does not affect the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ..cleaninsights.exceptions import ConfigurationError
from ..conf.settings import conf
from .clients import ClientRecorder
from .commands import CommandRecorder
from .errors import ErrorRecorder
from .recorder import Packages, Recorder
from .requests import RequestRecorder
from .tasks import TaskRecorder

KINDS: Final[tuple[type[Recorder], ...]] = (
    RequestRecorder,
    TaskRecorder,
    ErrorRecorder,
    CommandRecorder,
    ClientRecorder,
)
RECORDERS: Final = {kind.name: kind for kind in KINDS}
R = TypeVar("R", bound=Recorder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The valid recorders by name, and the errors of the others."""

    recorders: Mapping[str, Recorder]
    refused: tuple[ConfigurationError, ...]


def declaration() -> Declaration:
    """Read the setting."""
    recorders: dict[str, Recorder] = {}
    refused: list[ConfigurationError] = []
    for name, found in conf.RECORDERS.items():
        try:
            recorders[name] = declared(name, found)
        except ConfigurationError as error:
            refused.append(error)
    return Declaration(recorders=recorders, refused=tuple(refused))


def declared(name: str, found: Any) -> Recorder:
    """Read one recorder, a campaign id or a mapping, or raise ConfigurationError."""
    if name not in RECORDERS:
        raise ConfigurationError("recorder", name, f"one of {', '.join(RECORDERS)}")
    try:
        return RECORDERS[name].from_dict(options(found))
    except ConfigurationError as error:
        raise error.below(name) from None


def options(found: Any) -> Mapping[str, Any]:
    """Return the options of a recorder; a string is its campaign."""
    return found if isinstance(found, Mapping) else {"campaign": found}


def chosen(kind: type[R]) -> R | None:
    """Return the recorder of this kind, None if it is off or invalid."""
    found = conf.RECORDERS.get(kind.name)
    try:
        return None if found is None else kind.from_dict(options(found))
    except ConfigurationError:
        return None


def own_packages() -> Packages:
    """Return the packages whose names may be recorded."""
    return Packages(conf.PACKAGES)
