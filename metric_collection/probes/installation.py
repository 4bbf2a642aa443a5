"""How the product was installed."""

import os
from collections.abc import Mapping

from ..conf.settings import conf
from .probe import Fact
from .values.references import resolve

VARIABLE = "METRIC_COLLECTION_INSTALLATION_METHOD"
UNSPECIFIED = "unspecified"


class Installation:
    """Reports the installation method: the setting, else the environment, else ``unspecified``."""

    facts = (
        Fact(
            name="Installation Method",
            description="How the product was installed, as stated by the installer.",
            example="docker-compose",
            purpose="To know which installers are used.",
        ),
    )

    def __init__(self, *, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    def gather(self) -> Mapping[str, object]:
        stated = resolve(conf.INSTALLATION_METHOD) or self._environ.get(VARIABLE)
        return {"Installation Method": stated or UNSPECIFIED}
