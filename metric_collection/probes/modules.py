"""The enabled modules: distributions with an app in INSTALLED_APPS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from django.apps import apps
from django.utils.translation import gettext

from ..conf.settings import conf
from .distributions.metadata import normalize, read_distribution
from .distributions.ownership import owners, place_of
from .probe import Compared, Fact
from .values.text import public_version


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledModule:
    """An enabled distribution; an app without one has the name of its package and no version."""

    name: str
    version: str | None
    shared: bool


class Modules:
    """Reports the enabled distributions that match ``METRIC_COLLECTION_MODULES``, and no others."""

    form = Fact(
        name="<module>",
        description="The version of an enabled module.",
        example="1.3.2",
        purpose="To know which modules, and which versions of them, are in use.",
        compared=Compared.VERSION,
    )

    @cached_property
    def _shared(self) -> Sequence[EnabledModule]:
        return [module for module in enabled_modules() if module.shared]

    @property
    def facts(self) -> Sequence[Fact]:
        return [
            replace(
                self.form,
                name=module.name,
                description=gettext("The version of the enabled module %(name)s.")
                % {"name": module.name},
                example=public_version(module.version or "") or self.form.example,
            )
            for module in self._shared
        ]

    def gather(self) -> Mapping[str, object]:
        return {module.name: module.version for module in self._shared}


def enabled_modules() -> list[EnabledModule]:
    """Every distribution with an enabled app, and every enabled app without one, by name."""
    places = [place_of(app) for app in apps.get_app_configs()]
    owned = owners(places)
    distributions = {owner: read_distribution(owner) for owner in owned.values()}
    patterns = conf.MODULES
    modules = []
    for place in places:
        if found := distributions.get(owned.get(place, "")):
            is_shared = any(is_match(found.name, pattern) for pattern in patterns)
            modules.append(EnabledModule(name=found.name, version=found.version, shared=is_shared))
        else:
            modules.append(EnabledModule(name=place.package, version=None, shared=False))
    return sorted(dict.fromkeys(modules), key=lambda module: normalize(module.name))


def is_match(name: str, pattern: str) -> bool:
    """Whether a pattern of ``METRIC_COLLECTION_MODULES`` matches a distribution, in any spelling."""
    return fnmatchcase(normalize(name), normalize(pattern))
