"""The installed product, its modules and platform, for bug reports; in reports or not."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any

import django
from django.db import connections, router
from django.utils.translation import gettext, ngettext

from ..conf.settings import conf
from ..models import Consent
from ..probes import registry
from ..probes.modules import EnabledModule, enabled_modules
from ..probes.operating_system import OperatingSystem
from ..probes.product import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A product with its modules and its platform."""

    product: str
    version: str
    modules: Sequence[EnabledModule]
    platform: Mapping[str, str]

    @property
    def gist(self) -> str:
        """How many modules there are, and how many of them are in reports."""
        number, shared = len(self.modules), sum(module.shared for module in self.modules)
        words = ngettext(
            "%(number)d module, %(shared)d shared", "%(number)d modules, %(shared)d shared", number
        )
        return words % {"number": number, "shared": shared}

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Modules in reports and the others, each with a heading, one module on each line."""
        parts = [(gettext("In reports"), True), (gettext("Not in reports"), False)]
        lists = [
            (title, [m for m in self.modules if m.shared is shared]) for title, shared in parts
        ]
        return [(title, listed(modules)) for title, modules in lists if modules]

    @property
    def text(self) -> str:
        """The text for a bug report, in English in every language."""
        return "\n".join(
            [
                f"{self.product} {self.version}".rstrip(),
                "\nPlatform",
                *(f"  {name}: {value}" for name, value in self.platform.items()),
                "\nModules",
                indent(listed(self.modules), "  "),
            ]
        )

    @property
    def json(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "product": self.product,
            "version": self.version or None,
            "platform": dict(self.platform),
            "modules": [
                {"name": module.name, "version": module.version, "shared": module.shared}
                for module in self.modules
            ],
        }


def listed(modules: Sequence[EnabledModule]) -> str:
    """Write one module with its version on each line."""
    return "\n".join(f"{module.name} {module.version or ''}".rstrip() for module in modules)


def system() -> System:
    """Describe the installed product, independent of what is in reports."""
    facts = {**registry.known_to(Product()), **registry.known_to(OperatingSystem())}
    connection = connections[router.db_for_write(Consent)]
    database_version = ".".join(map(str, connection.get_database_version()))
    return System(
        product=conf.PRODUCT,
        version=facts.get(f"{conf.PRODUCT} Version", ""),
        modules=enabled_modules(),
        platform={
            "Operating system": facts.get("os_version", platform.system()),
            "Kernel": facts.get("kernel_version", platform.release()),
            "Hardware": facts.get("hardware_platform", platform.machine()),
            "Python": platform.python_version(),
            "Django": django.get_version(),
            "Database": f"{connection.display_name} {database_version}",
        },
    )
