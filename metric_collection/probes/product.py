"""The product's own version."""

from collections.abc import Mapping, Sequence

from ..conf import conf
from .probe import Compared, Fact
from .resolution import resolve


class ProductProbe:
    """Reports ``<PRODUCT> Version`` as ``METRIC_COLLECTION_PRODUCT_VERSION`` says."""

    @property
    def facts(self) -> Sequence[Fact]:
        return [
            Fact(
                name=f"{conf.PRODUCT} Version",
                description=f"The version of {conf.PRODUCT} that is running.",
                example="24.11.1",
                purpose="To know which versions need fixes and which can be retired.",
                compared=Compared.VERSION,
            )
        ]

    def gather(self) -> Mapping[str, object]:
        return {f"{conf.PRODUCT} Version": resolve(conf.PRODUCT_VERSION)}
