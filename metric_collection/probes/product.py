"""The product's own version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..conf.settings import conf
from .probe import Compared, Fact
from .values.references import resolve


class Product:
    """Reports the version of the product that is running."""

    form = Fact(
        name="<PRODUCT> Version",
        description="The version of the product that is running.",
        example="24.11.1",
        purpose="To know which versions still need fixes.",
        compared=Compared.VERSION,
    )

    @property
    def facts(self) -> Sequence[Fact]:
        return [replace(self.form, name=self._fact_name)]

    def gather(self) -> Mapping[str, object]:
        return {self._fact_name: resolve(conf.PRODUCT_VERSION)}

    @property
    def _fact_name(self) -> str:
        return f"{conf.PRODUCT} Version"
