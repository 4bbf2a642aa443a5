"""Libraries that the publisher wants to know of although they are no apps."""

from collections.abc import Mapping, Sequence

from ..conf import conf
from .distributions import Distribution, installed
from .probe import Compared, Fact


class LibrariesProbe:
    """Reports the distributions of ``METRIC_COLLECTION_LIBRARIES`` that are installed."""

    @property
    def facts(self) -> Sequence[Fact]:
        return [
            Fact(
                name=library.name,
                description=f"The version of the library {library.name}, which is installed.",
                example=library.version or "2.0.1",
                purpose="To know which versions of the libraries releases have to work with.",
                compared=Compared.VERSION,
            )
            for library in _libraries()
        ]

    def gather(self) -> Mapping[str, object]:
        return {library.name: library.version for library in _libraries()}


def _libraries() -> list[Distribution]:
    return [library for name in conf.LIBRARIES if (library := installed(name))]
