"""Probes gather facts about this installation, and declare each fact first.

``metric_collection.probes.Host`` is the class ``Host`` of the file ``host.py``, and so on for every
file with a probe; each is imported when it is first used.
"""

import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a type checker cannot follow names that are derived from files
    from .container import Container as Container
    from .counts import Counts as Counts
    from .database import Database as Database
    from .deployment import Deployment as Deployment
    from .desktop import Desktop as Desktop
    from .disk import Disk as Disk
    from .facts import Facts as Facts
    from .first_report import FirstReport as FirstReport
    from .hardware import Hardware as Hardware
    from .host import Host as Host
    from .installation import Installation as Installation
    from .installed_at import InstalledAt as InstalledAt
    from .libraries import Libraries as Libraries
    from .memory import Memory as Memory
    from .modules import Modules as Modules
    from .operating_system import OperatingSystem as OperatingSystem
    from .probe import Compared as Compared
    from .probe import Fact as Fact
    from .probe import Probe as Probe
    from .probe import Unknown as Unknown
    from .processes import Processes as Processes
    from .processor import Processor as Processor
    from .product import Product as Product
    from .raspberry_pi import RaspberryPi as RaspberryPi
    from .runtime import Runtime as Runtime
    from .time_zone import TimeZone as TimeZone
    from .virtualization import Virtualization as Virtualization
else:

    def __getattr__(name: str) -> object:
        declaration = {"Compared", "Fact", "Probe", "Unknown"}
        module = "probe" if name in declaration else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        if name[:1].isupper() and (name in declaration or name in probe_names()):
            return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def probe_names() -> list[str]:
    """The classes of all probes in this folder, by name; none of them is imported."""
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg]
    others = {"catalog", "probe", "registry"}
    return [module.title().replace("_", "") for module in modules if module not in others]
