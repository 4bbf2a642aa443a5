"""What is installed here, whatever of it is reported: the part of the page for a bug report."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import django
from django.db import connections, router
from django.utils.translation import ngettext

from ..conf.settings import conf
from ..models import Consent
from ..probes import registry
from ..probes.modules import EnabledModule, enabled_modules
from ..probes.operating_system import OperatingSystem
from ..probes.product import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A product with its modules, and what it runs on."""

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
    def text(self) -> str:
        """Write it for a bug report, in English whoever copies it."""
        return "\n".join(
            [
                f"{self.product} {self.version}".rstrip(),
                "\nPlatform",
                *(f"  {name}: {value}" for name, value in self.platform.items()),
                "\nModules",
                *(f"  {module.name} {module.version or ''}".rstrip() for module in self.modules),
            ]
        )

    @property
    def json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "product": self.product,
            "version": self.version or None,
            "platform": dict(self.platform),
            "modules": [
                {"name": module.name, "version": module.version, "shared": module.shared}
                for module in self.modules
            ],
        }


def system() -> System:
    """Describe what is installed, whatever of it is reported."""
    facts = {**registry.known_to(Product()), **registry.known_to(OperatingSystem())}
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
            "Database": database(),
        },
    )


def database() -> str:
    """Name the database that holds our tables, with its version."""
    connection = connections[router.db_for_write(Consent)]
    version = ".".join(map(str, connection.get_database_version()))
    return f"{connection.display_name} {version}"
